pub mod attic;
pub mod stairs;

pub use stairs::Stairs;

#[derive(Clone, Debug, facet::Facet)]
pub struct Lamp {
    pub is_lit: bool,
    pub bulb: attic::Bulb,
}
