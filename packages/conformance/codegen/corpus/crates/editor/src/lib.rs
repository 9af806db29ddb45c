//! What an editor asks of a language server.

pub mod completion;
pub mod diagnostics;
pub mod text;
pub mod tree;

pub use text::{Edit, Position, Range, Url};

use facet::Facet;
use std::collections::BTreeMap;

#[derive(Clone, Debug, Facet)]
pub struct Document {
    pub url: Url,
    pub version: i32,
    pub language: String,
    pub text: String,
}

/// Edits of several documents.
#[derive(Clone, Debug, Facet)]
pub struct WorkspaceEdit {
    pub changes: BTreeMap<Url, Vec<Edit>>,
    pub created: Vec<Document>,
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum EditError {
    Stale { expected: i32, got: i32 },
    Unknown(Url),
}

#[roam::service]
pub trait Editor {
    async fn open(&self, document: Document) -> Result<(), EditError>;
    async fn change(&self, url: Url, version: i32, edits: Vec<Edit>) -> Result<(), EditError>;
    async fn rename(
        &self,
        url: Url,
        at: Position,
        name: String,
    ) -> Result<WorkspaceEdit, EditError>;
    async fn format(&self, url: Url, range: Option<Range>) -> Vec<Edit>;
    async fn hover(&self, url: Url, at: Position) -> Option<(Range, String)>;
    async fn outline(&self, url: Url) -> Option<Vec<tree::Symbol>>;
    async fn syntax(&self, url: Url) -> tree::Syntax;
    async fn expression(&self, source: String) -> Result<tree::Expr, String>;
}
