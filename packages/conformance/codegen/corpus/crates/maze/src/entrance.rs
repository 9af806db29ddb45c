//! Ways to name a type, most of them roundabout. Crate, library and root file differ in name.
#![allow(non_camel_case_types)]

pub mod cellar;
mod deep;
pub mod hall;

pub use self::deep::*;
pub use crate::hall::{
    Lamp,
    attic::{self, Trunk as Chest, inner::*},
    {Stairs, stairs::Step as Tread},
};
pub use deep::bottom as seabed;

use facet::Facet;

/// A type and a module of one name.
#[derive(Clone, Debug, Facet)]
pub struct hall_ {
    pub lamp: Lamp,
}

/// Stands in the root; a type of this name stands in `deep` as well, behind a glob.
#[derive(Clone, Debug, Facet)]
pub struct Door {
    pub from_root: bool,
}

#[roam::service]
pub trait Entrance {
    async fn globbed(&self, v: Fish) -> seabed::Sand;
    async fn renamed(&self, v: Chest, t: Tread) -> Stairs;
    async fn explicit_wins(&self, v: Door) -> deep::Door;
    async fn through_modules(&self, v: attic::inner::Moth) -> crate::hall::attic::Trunk;
    async fn glob_in_group(&self, v: Moth) -> self::hall::stairs::Step;
    async fn leading(&self, v: ::std::string::String) -> ::shared_types::Money;
    async fn lower(&self, v: hall_) -> cellar::Barrel;
}
