//! A syntax error in the middle of a file.

use facet::Facet;

#[derive(Facet)]
pub struct Before {
    pub a: u8,
}

#[roam::service]
pub trait First {
    async fn first(&self, v: Before) -> u8;
}

pub struct Broken {
    pub a: u8
    pub b u8, //~ error
}

#[derive(Facet)]
pub struct After {
    pub c: u8,
}

#[roam::service]
pub trait Second {
    async fn second(&self, v: After) -> Before;
}
