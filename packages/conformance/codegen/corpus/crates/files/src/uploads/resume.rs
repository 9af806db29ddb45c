//! In `uploads/resume.rs`, without a `mod.rs`.

#[derive(Clone, Debug, PartialEq, facet::Facet)]
pub struct Token {
    pub id: u64,
    pub secret: super::super::storage::parts::Digest,
}
