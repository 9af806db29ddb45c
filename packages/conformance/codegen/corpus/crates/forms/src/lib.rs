//! Every form that a type can have, one service for each family.

pub mod attributes;
pub mod containers;
pub mod enums;
pub mod pointers;
pub mod primitives;
pub mod std_types;
pub mod structs;
