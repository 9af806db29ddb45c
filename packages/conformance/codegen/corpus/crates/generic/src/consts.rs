//! Numbers in types.
#![allow(unused_braces)]

use facet::Facet;

pub const SIDE: usize = 3;
pub const AREA: usize = 9;
const HEX: usize = 0x1F;
const LONG: usize = 6_0;
const SUFFIX: usize = 7usize;
const SAME: usize = super::consts::SIDE;

#[derive(Clone, Debug, Facet)]
pub struct Grid<T, const W: usize, const H: usize> {
    pub rows: [[T; W]; H],
}

#[derive(Clone, Debug, Facet)]
pub struct Block<const N: usize> {
    pub bytes: [u8; N],
    pub twice: ([u8; N], [u16; N]),
}

#[derive(Clone, Debug, Facet)]
pub struct Lengths {
    pub hex: [u8; HEX],
    pub long: [bool; LONG],
    pub suffix: [u8; SUFFIX],
    pub same: [u8; SAME],
    pub literal: [u8; 0b11],
    pub block: [u8; { 6 }],
    pub constant: [u8; Limits::WIDTH],
}

pub struct Limits;

impl Limits {
    pub const WIDTH: usize = 12;
}

pub type Square<T, const N: usize> = Grid<T, N, N>;
pub type Board = Square<u8, SIDE>;
pub type Small = Block<4>;
pub type Flat = Grid<super::Item, 2, 1>;
pub type Big = [Block<AREA>; 2];
/// More items than the crates can decode.
pub type Key = [u8; 64];

#[roam::service]
pub trait Consts {
    async fn board(&self, v: Board) -> Small;
    async fn flat(&self, v: Flat) -> Big;
    async fn key(&self, v: Key) -> Option<Key>;
    async fn lengths(&self, v: Lengths) -> bool;
}
