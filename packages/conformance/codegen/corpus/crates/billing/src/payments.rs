//! Money that comes in.

use super::{BillId, LookupError};
use facet::Facet;
use roam::{Rx, Tx};
use types::{Money, prelude::Timestamp};

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum Method {
    Card { number: String, expires: (u8, u16) },
    Transfer(Iban),
    Cash,
}

#[derive(Clone, Debug, Facet)]
#[facet(transparent)]
pub struct Iban(pub String);

#[derive(Clone, Debug, Facet)]
pub struct Payment {
    pub id: u128,
    pub amount: Money,
    pub method: Method,
    pub at: Timestamp,
}

#[derive(Clone, Debug, Facet)]
pub struct Receipt {
    pub payment: Payment,
    pub invoices: Vec<BillId>,
    pub change: Option<Money>,
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum PayError {
    Declined(String),
    Lookup(LookupError),
    Timeout { after_ms: u32 },
}

#[roam::service]
pub trait Payments {
    async fn pay(&self, invoice: BillId, method: Method) -> Result<Receipt, PayError>;
    async fn refund(&self, payment: u128, amount: Option<Money>) -> Result<(), PayError>;
    /// Payments as they come in.
    async fn watch(&self, since: Timestamp, out: Tx<Payment>);
    /// Many at once; answers follow the order.
    async fn import(&self, payments: Rx<Payment>, results: Tx<bool>) -> (u64, u64);
}
