pub mod resume;

use self::resume::Token;
use crate::storage::{self, FsError, parts::*};
use facet::Facet;

#[derive(Clone, Debug, Facet)]
pub struct Upload {
    pub token: Token,
    pub path: storage::Path,
    pub done: Vec<Range>,
    pub expected: Option<Digest>,
}

#[derive(Clone, Debug, Facet)]
pub struct Progress(pub u64, pub Option<u64>);

#[roam::service]
pub trait Uploads {
    async fn begin(&self, path: storage::Path, size: Option<u64>) -> Result<Token, FsError>;
    async fn put(&self, token: Token, chunk: Chunk) -> Result<Progress, FsError>;
    async fn finish(&self, token: Token) -> Result<storage::Entry, FsError>;
    async fn pending(&self) -> Vec<Upload>;
}
