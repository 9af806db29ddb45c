//! Hides a name of the module around it.

#[derive(Clone, Debug, facet::Facet)]
pub struct Here {
    pub local: Local,
    pub outer: super::Local,
}

#[derive(Clone, Debug, facet::Facet)]
pub struct Local(pub u8);

pub mod inner {
    pub type Up = super::super::Local;
}
