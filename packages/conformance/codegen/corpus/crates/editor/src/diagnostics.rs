use super::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Facet)]
#[repr(u8)]
pub enum Severity {
    Hint,
    Warning,
    Error,
}

#[derive(Clone, Debug, Facet)]
pub struct Diagnostic {
    pub range: Range,
    pub severity: Severity,
    pub message: String,
    pub fixes: Vec<Fix>,
}

#[derive(Clone, Debug, Facet)]
pub struct Fix {
    pub title: String,
    pub edit: WorkspaceEdit,
}

#[roam::service]
pub trait Diagnostics {
    async fn check(&self, urls: Vec<Url>) -> BTreeMap<Url, Vec<Diagnostic>>;
    async fn publish(&self, out: roam::Tx<(Url, Vec<Diagnostic>)>, least: Option<Severity>);
    async fn apply(&self, fix: Fix) -> Result<WorkspaceEdit, EditError>;
}
