//! Points in time and what lies between them.

use facet::Facet;

pub type Millis = u64;

/// Milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Facet)]
#[facet(transparent)]
pub struct Timestamp(pub i64);

#[derive(Clone, Copy, Debug, Facet)]
pub struct Span {
    pub from: Timestamp,
    pub to: Timestamp,
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum Recurrence {
    Once(Timestamp),
    Every {
        period: Millis,
        until: Option<Timestamp>,
    },
}
