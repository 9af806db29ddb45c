//! Imports inside a function, items after their use, and a prelude of its own.

use tools::*;

#[derive(Clone, Debug, Facet)]
pub struct Barrel {
    pub volume: Grains,
    pub made: shared_types::time::Timestamp,
    pub price: Cost,
}

pub mod tools {
    pub use facet::Facet;
    pub use shared_types::{self, Money as Cost};
    pub type Grains = u64;
    /// Not what the glob of the root means by `Door`.
    pub(super) use super::super::Door as CellarDoor;
}

/// Types and services inside a function are of no concern.
pub fn local() -> u8 {
    #[derive(Facet)]
    struct Local {
        value: u8,
    }
    use std::collections::BTreeMap as Facet_;
    let _: Option<Facet_<u8, u8>> = None;
    Local { value: 1 }.value
}

#[roam::service]
pub trait Cellar {
    async fn open(&self, door: CellarDoor) -> Vec<Barrel>;
    async fn fill(&self, barrel: Barrel, grains: Grains) -> Cost;
    async fn root_path(&self, v: crate::Door) -> super::Chest;
}
