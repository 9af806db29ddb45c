//! Types that several services share, reached by several ways.

pub mod ids;
pub mod money;
mod page;
pub mod time;

pub use ids::{AccountId, InvoiceId as BillId, UserId};
pub use money::*;
pub use page::{Cursor, Page, PageError};

/// What most modules want.
pub mod prelude {
    pub use super::time::{Millis, Timestamp};
    pub use crate::{AccountId, Money, Page};
}

/// Items and where they go on.
pub type Listing<T> = Page<T, Cursor>;

/// A list of pairs, under a name.
pub type Pairs<K, V = String> = Vec<(K, V)>;

/// Either of two, with names of its own.
#[derive(Clone, Debug, facet::Facet)]
#[repr(u8)]
pub enum Either<L, R> {
    Left(L),
    Right(R),
}

/// A fixed number of samples.
#[derive(Clone, Debug, facet::Facet)]
pub struct Samples<T, const N: usize> {
    pub values: [T; N],
    pub dropped: u32,
}
