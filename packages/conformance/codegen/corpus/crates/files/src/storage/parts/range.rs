/// Offsets in bytes, the end excluded.
#[derive(Clone, Copy, Debug, facet::Facet)]
pub struct Range {
    pub start: u64,
    pub end: u64,
}
