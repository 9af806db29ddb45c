//! What turns round and round must end, with a report.

pub type A = B;
pub type B = A; //~ error Cycles.aliases

pub use one::*;

pub mod one {
    pub use super::two::*;
    pub use super::one::Loop as Again;
}

pub mod two {
    pub use super::one::*;

    #[derive(facet::Facet)]
    pub struct Real {
        pub a: u8,
    }
}

pub use self::Knot as Tied;
pub use self::Tied as Knot;

#[derive(facet::Facet)]
pub struct Growing<T> { //~ error Growing Cycles.growing
    pub next: Option<Box<Growing<Vec<T>>>>,
}

#[roam::service]
pub trait Cycles {
    async fn real(&self, v: Real) -> two::Real;
    async fn aliases(&self, v: A) -> u8; //~ left out
    async fn imports(&self, v: Knot) -> u8; //~ error Knot, left out
    async fn again(&self, v: one::Again) -> u8; //~ error Again, left out
    async fn growing(&self, v: Growing<u8>) -> u8; //~ left out
}
