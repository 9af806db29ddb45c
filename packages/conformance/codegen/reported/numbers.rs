//! Lengths that only a compiler knows.

use facet::Facet;

pub const CALLED: usize = compute();
pub const SIZE: usize = std::mem::size_of::<u64>();

const fn compute() -> usize {
    3
}

#[derive(Facet)]
pub struct OfCall {
    pub bytes: [u8; CALLED], //~ error CALLED
}

#[derive(Facet)]
pub struct OfSize {
    pub bytes: [u8; SIZE], //~ error SIZE
}

#[derive(Facet)]
pub struct OfNothing {
    pub bytes: [u8; NOWHERE], //~ error NOWHERE
}

#[derive(Facet)]
pub struct Literal {
    pub bytes: [u8; 0x10],
}

#[roam::service]
pub trait Numbers {
    async fn literal(&self, v: Literal) -> u8;
    async fn of_call(&self, v: OfCall) -> u8; //~ left out
    async fn of_size(&self, v: OfSize) -> u8; //~ left out
    async fn of_nothing(&self, v: OfNothing) -> u8; //~ left out
}
