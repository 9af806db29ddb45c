//! Names that lead nowhere, and types that facet does not describe by their text.

use crate::nowhere::Lost;
use facet::Facet;
use self::gone::Missing as Absent;
use std::collections::{BTreeMap, VecDeque};

/// Without `Facet` it would not compile.
pub struct Plain { //~ error Facet
    pub id: u64,
}

/// What the implementation says nobody knows.
pub struct ByHand(u64); //~ error Facet

unsafe impl<'a> facet::Facet<'a> for ByHand {
    const SHAPE: &'static facet::Shape = todo();
}

#[derive(Facet)]
pub struct Holder {
    pub plain: Plain,
}

#[derive(Facet)]
pub struct Mapped {
    pub map: BTreeMap<String, Typo>, //~ error Typo
}

#[derive(Facet)]
pub union Both {
    pub a: u32,
    pub b: f32,
}

#[roam::service]
pub trait Unknown {
    async fn fine(&self, v: u8) -> String;
    async fn typo(&self, v: Strng) -> u8; //~ error Strng, left out
    async fn lost(&self, v: Lost) -> u8; //~ error Lost, left out
    async fn absent(&self, v: Absent) -> u8; //~ error, left out
    async fn path(&self, v: some::module::Thing) -> u8; //~ error some::module::Thing, left out
    async fn plain(&self, v: Plain) -> u8; //~ left out
    async fn by_hand(&self, v: ByHand) -> u8; //~ left out
    async fn holder(&self, v: Holder) -> u8; //~ left out
    async fn mapped(&self, v: Mapped) -> u8; //~ left out
    async fn both(&self, v: Both) -> u8; //~ error Both, left out
    async fn deque(&self, v: VecDeque<u8>) -> u8; //~ error VecDeque, left out
    async fn wrong_count(&self, v: BTreeMap<u8>) -> u8; //~ error BTreeMap, left out
    async fn after(&self) -> bool;
}
