//! A game: positions, moves, matches.

use facet::Facet;
use roam::{Rx, Tx};
use std::collections::{BTreeMap, BTreeSet};

pub type Square = (u8, u8);
pub type Grid<T> = [[Option<T>; 8]; 8];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Facet)]
#[repr(u8)]
pub enum Side {
    White,
    Black,
}

#[derive(Clone, Copy, Debug, PartialEq, Facet)]
#[repr(u8)]
pub enum Piece {
    Pawn(Side),
    Knight(Side),
    King { side: Side, has_moved: bool },
}

#[derive(Clone, Debug, Facet)]
pub struct Board {
    pub squares: Grid<Piece>,
    pub turn: Side,
    pub taken: BTreeMap<Side, Vec<Piece>>,
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum Move {
    Step { from: Square, to: Square },
    Castle { long: bool },
    Promote(Square, Piece),
    Resign,
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum MoveError {
    NotYourTurn,
    Illegal {
        reason: String,
        allowed: BTreeSet<Square>,
    },
    Over(Option<Side>),
}

#[derive(Clone, Debug, Facet)]
pub struct Player {
    pub name: String,
    pub rating: f32,
    pub side: Option<Side>,
}

#[derive(Clone, Debug, Facet)]
pub struct Clock {
    pub left_ms: [u32; 2],
    pub increment_ms: u16,
}

#[derive(Facet)]
pub struct Seat {
    pub player: Player,
    pub moves: Rx<Move>,
    pub boards: Tx<Board>,
}

#[roam::service]
pub trait Game {
    async fn start(&self, clock: Option<Clock>) -> u64;
    async fn play(&self, game: u64, seat: Seat) -> Result<Option<Side>, MoveError>;
    async fn board(&self, game: u64) -> Option<Board>;
    async fn step(&self, game: u64, step: Move) -> Result<Board, MoveError>;
    async fn watch(&self, game: u64, moves: Tx<(Side, Move)>);
}

#[roam::service]
pub trait Lobby {
    async fn players(&self) -> Vec<Player>;
    async fn challenge(&self, player: String, side: Option<Side>) -> Result<u64, String>;
    async fn ladder(&self, page: u32) -> Vec<(u32, Player, f64)>;
}
