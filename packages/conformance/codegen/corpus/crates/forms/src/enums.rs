//! Variants of all forms.

#![allow(non_camel_case_types)]

use super::structs::Named;
use facet::Facet;

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum Forms {
    Unit,
    Newtype(u32),
    Tuple(u8, String),
    Struct { a: bool, b: i64 },
    EmptyTuple(),
    EmptyStruct {},
    OfUnit(()),
    OfTuple((u8, u8)),
    OfOption(Option<Named>),
    OfSelf(Vec<Forms>),
    OneField { only: Named },
}

#[derive(Clone, Copy, Debug, PartialEq, Facet)]
#[repr(u8)]
pub enum Single {
    Only,
}

/// Numbers do not matter on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Facet)]
#[repr(u16)]
pub enum Numbered {
    Low = 3,
    Next,
    High = 1000,
}

#[derive(Clone, Copy, Debug, PartialEq, Facet)]
#[repr(i32)]
pub enum Negative {
    Minus = -5,
    Zero = 0,
}

#[derive(Clone, Debug, Facet)]
#[repr(C)]
pub enum InC {
    A(u8),
    B { c: String },
}

/// A variant named like a property of its struct.
#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum Tagged {
    Tag { tag: String, value: u8 },
    Value(u8),
    tag,
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum Generic<T, E = String> {
    Some(T),
    Failed { error: E },
    Both(T, E),
}

/// 130 variants would need two bytes; so does this with `Z`.
#[rustfmt::skip]
#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum Many {
    A0, A1, A2, A3, A4, A5, A6, A7, A8, A9, B0, B1, B2, B3, B4, B5, B6, B7, B8, B9,
    C0, C1, C2, C3, C4, C5, C6, C7, C8, C9, D0, D1, D2, D3, D4, D5, D6, D7, D8, D9,
    E0, E1, E2, E3, E4, E5, E6, E7, E8, E9, F0, F1, F2, F3, F4, F5, F6, F7, F8, F9,
    G0, G1, G2, G3, G4, G5, G6, G7, G8, G9, H0, H1, H2, H3, H4, H5, H6, H7, H8, H9,
    I0, I1, I2, I3, I4, I5, I6, I7, I8, I9, J0, J1, J2, J3, J4, J5, J6, J7, J8, J9,
    K0, K1, K2, K3, K4, K5, K6, K7, K8, K9, L0, L1, L2, L3, L4, L5, L6, L7, L8, L9,
    M0, M1, M2, M3, M4, M5, M6, M7, M8, M9, Z(u64),
}

#[roam::service]
pub trait Enums {
    async fn forms(&self, v: Forms) -> Forms;
    async fn single(&self, v: Single) -> Single;
    async fn numbered(&self, v: Numbered) -> Numbered;
    async fn negative(&self, v: Negative) -> Negative;
    async fn in_c(&self, v: InC) -> InC;
    async fn tagged(&self, v: Tagged) -> Tagged;
    async fn generic(&self, v: Generic<u8>) -> Generic<Named, Single>;
    async fn many(&self, v: Many) -> Many;
    async fn list(&self, v: Vec<Single>) -> Option<Single>;
    async fn fail(&self, v: u8) -> Result<Single, Generic<(), ()>>;
}
