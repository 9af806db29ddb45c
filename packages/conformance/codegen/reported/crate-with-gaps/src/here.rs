#[derive(facet::Facet)]
pub struct Known {
    pub a: u8,
}
