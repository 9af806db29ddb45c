use crate::cellar::tools::*;

#[derive(Clone, Debug, Facet)]
pub struct Fish {
    pub scales: u32,
}

#[derive(Clone, Debug, Facet)]
pub struct Sand {
    pub grains: Grains,
}
