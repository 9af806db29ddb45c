//! Files and directories.

use facet::Facet;
use roam::{Rx, Tx};

pub mod parts;

use parts::{Chunk, Digest};

#[derive(Clone, Debug, Facet)]
pub struct Path(pub Vec<String>);

#[derive(Clone, Debug, Facet)]
pub struct Entry {
    pub path: Path,
    pub kind: Kind,
    pub mode: u16,
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum Kind {
    File { size: u64, digest: Digest },
    Directory(Vec<Entry>),
    Link(Box<Path>),
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum FsError {
    NotFound(Path),
    Exists,
    Io { code: i32, message: String },
}

#[roam::service]
pub trait Files {
    async fn stat(&self, path: Path) -> Result<Entry, FsError>;
    async fn list(&self, path: Path, deep: bool) -> Result<Vec<Entry>, FsError>;
    /// The content, in order.
    async fn read(&self, path: Path, from: u64, chunks: Tx<Chunk>) -> Result<u64, FsError>;
    async fn write(&self, path: Path, chunks: Rx<Chunk>) -> Result<Digest, FsError>;
    async fn remove(&self, paths: Vec<Path>) -> Vec<Result<(), FsError>>;
    async fn rename(&self, from: Path, to: Path) -> Result<(), FsError>;
}
