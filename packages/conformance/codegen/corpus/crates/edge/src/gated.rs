#![cfg(test)]
//! Never compiled for users, by an attribute of its own.

#[derive(facet::Facet)]
pub struct Gated {
    pub a: u8,
}
