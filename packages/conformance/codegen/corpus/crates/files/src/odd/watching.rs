//! In a file of another name.

use facet::Facet;

use crate::storage::Path;

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum Change {
    Created(Path),
    Removed(Path),
    Moved { from: Path, to: Path },
}

#[roam::service]
pub trait Watcher {
    async fn watch(&self, roots: Vec<Path>, changes: roam::Tx<Change>) -> bool;
}
