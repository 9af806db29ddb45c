use crate::{Invoice, payments::Payment};
use facet::Facet;
use std::collections::HashMap;
use types::{AccountId, Currency, Money, time::Span};

#[derive(Clone, Debug, Facet)]
pub struct Entry {
    pub seq: u64,
    pub debit: AccountId,
    pub credit: AccountId,
    pub amount: Money,
    pub cause: Cause,
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum Cause {
    Invoice(Box<Invoice>),
    Payment(Payment),
    Correction { of: u64, reason: String },
}

#[derive(Clone, Debug, Facet)]
pub struct Balance(pub Currency, pub i128);

/// Double entry.
#[roam::service]
pub trait Ledger {
    async fn post(&self, entries: Vec<Entry>) -> Result<u64, Unbalanced>;
    async fn balance(&self, account: AccountId, at: Option<Span>) -> Vec<Balance>;
    async fn balances(&self, span: Span) -> HashMap<AccountId, Balance>;
    async fn history(&self, account: AccountId, entries: roam::Tx<Entry>) -> u64;
}

#[derive(Clone, Debug, Facet)]
pub struct Unbalanced {
    pub by: Vec<Money>,
}
