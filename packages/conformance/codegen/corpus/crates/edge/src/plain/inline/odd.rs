#[derive(Clone, Debug, facet::Facet)]
pub struct Odd(pub super::deep::Deep);
