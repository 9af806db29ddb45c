#[derive(Clone, Debug, facet::Facet)]
pub struct Leaf(pub super::super::Chain, pub u8);
