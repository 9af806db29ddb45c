//! What is allowed and seldom seen.
#![allow(unused_parens)]

extern crate self as me;

pub mod outer {
    //! Files of modules inside an inline module.

    pub mod leaf;
    pub mod middle {
        #[path = "elsewhere.rs"]
        pub mod found;
    }
}
mod gated;
pub mod globs;
pub mod plain;
pub mod r#type;
pub mod visibility;

use facet::Facet;
use std::collections::BTreeMap;

/// Contains itself under the name that every type has for itself.
#[derive(Clone, Debug, Facet)]
pub struct Chain {
    pub value: u8,
    pub next: Option<Box<Self>>,
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum Nested {
    Leaf(u8),
    Many(Vec<Self>),
    Named { by: BTreeMap<String, Self> },
}

#[derive(Clone, Debug, Facet)]
pub struct Generic<T> {
    pub value: T,
    pub more: Vec<Self>,
    pub other: Option<Box<Generic<bool>>>,
}

pub const TWO: usize = 2;
pub const SUM: usize = 2 + 3 * 4;
pub const SHIFTED: usize = (1 << TWO) - 1;
pub const CAST: usize = 5u32 as usize;
pub const NESTED: usize = SUM - TWO * { 3 };
const NARROW: u32 = 0b11;

pub type Sum = [u8; SUM];
pub type Shifted = [u8; SHIFTED];
pub type Cast = [u8; CAST];
pub type Nesting = [u8; NESTED];
pub type InPlace = [u8; NARROW as usize + 1];
pub type Parens<T> = [T; (TWO)];

#[roam::service()]
/// Comments after the attribute count as well.
pub trait Edge {
    async fn chain(&self, v: Chain) -> Nested;
    async fn generic(&self, v: Generic<u8>) -> Generic<Generic<u16>>;
    async fn own_crate(&self, v: me::outer::leaf::Leaf) -> outer::leaf::Leaf;
    async fn raw(&self, v: r#type::r#struct::Kind) -> crate::r#type::Plain;
    async fn path(&self, v: outer::middle::found::Found) -> outer::leaf::Leaf;
    async fn sums(&self, a: Sum, b: Shifted, c: Cast) -> Nesting;
    async fn in_place(&self, v: InPlace) -> Parens<bool>;
    async fn by_reference(&self, name: &str, note: &String) -> bool;
    async fn explicit_unit(&self) -> ();
    async fn trailing(&self, v: u8) -> u8;
    async fn four(&self, a: u8, b: u8, c: u8, d: u8) -> (u8, u8, u8, u8);
}
