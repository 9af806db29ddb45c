use super::super::{Door, cellar as down};
use facet::Facet as Shape;

#[derive(Clone, Debug, Shape)]
pub struct Trunk {
    pub door: Door,
    pub barrel: Option<down::Barrel>,
    pub moths: Vec<inner::Moth>,
}

#[derive(Clone, Copy, Debug, Shape)]
#[repr(u8)]
pub enum Bulb {
    Warm,
    Cold(u16),
}

pub mod inner {
    use super::Bulb;

    #[derive(Clone, Debug, facet::Facet)]
    pub struct Moth {
        pub drawn_to: Bulb,
    }
}
