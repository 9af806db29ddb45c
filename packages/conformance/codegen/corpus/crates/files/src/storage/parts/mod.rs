mod range;

pub use range::Range;

use facet::Facet;

/// Bytes of a hash.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Facet)]
pub struct Digest(pub [u8; DIGEST_BYTES]);

pub const DIGEST_BYTES: usize = 32;

#[derive(Clone, Debug, Facet)]
pub struct Chunk {
    pub range: Range,
    pub bytes: Vec<u8>,
}
