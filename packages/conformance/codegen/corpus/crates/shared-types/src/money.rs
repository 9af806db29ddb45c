//! Amounts.

use facet::Facet;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Facet)]
#[repr(u8)]
pub enum Currency {
    Eur,
    Usd,
    Jpy,
    /// Anything else, by its number in ISO 4217.
    Other(u16),
}

/// An amount in the smallest unit of its currency.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Facet)]
pub struct Money {
    pub units: i64,
    pub currency: Currency,
}

/// Of two currencies.
#[derive(Clone, Debug, Facet)]
pub struct Rate {
    pub from: Currency,
    pub to: Currency,
    pub factor: f64,
}
