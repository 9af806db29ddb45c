use std::{boxed::Box as Hold, collections::BTreeMap as Index, vec::Vec as Row};

#[derive(Clone, Debug, ::facet::Facet)]
pub struct Stairs {
    pub steps: Row<Step>,
    pub up: Option<Hold<Stairs>>,
    pub by_name: Index<String, Step>,
}

#[derive(Clone, Debug, ::facet::Facet)]
pub struct Step(pub u8, pub self::material::Kind);

mod material {
    #[derive(Clone, Debug, facet::Facet)]
    #[repr(u8)]
    pub enum Kind {
        Wood,
        Stone,
    }
}
