//! A crate whose parts are not all there.

pub mod here;
pub mod not_here; //~ error not_here

use here::Known;
use neighbour::Thing;

#[roam::service]
pub trait Gaps {
    async fn known(&self, v: Known) -> Known;
    async fn of_registry(&self, v: registry_crate::Value) -> u8; //~ error registry_crate::Value --types, left out
    async fn of_neighbour(&self, v: Thing) -> u8; //~ error neighbour::Thing, left out
    async fn of_gap(&self, v: not_here::Type) -> u8; //~ error not_here, left out
}
