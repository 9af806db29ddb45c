#[derive(Clone, Debug, facet::Facet)]
pub struct Deep {
    pub a: u8,
}
