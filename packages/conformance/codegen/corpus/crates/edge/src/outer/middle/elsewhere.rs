use super::super::leaf::Leaf;

#[derive(Clone, Debug, facet::Facet)]
pub struct Found {
    pub leaf: Leaf,
}
