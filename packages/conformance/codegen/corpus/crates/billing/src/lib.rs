//! Invoices, payments and subscriptions of a shop.

mod ledger;
mod model;
pub mod payments;
pub mod subscriptions;

pub use ledger::{Ledger, ledger_service_descriptor};
pub use model::*;

use types::{BillId, Page};

/// Invoices of one tenant.
///
/// Amounts are in the smallest unit of their currency, e.g. `1 EUR = 100`.
/// * a list item
/// * `*/` must not end a comment
#[roam::service]
pub trait Billing {
    /// The invoice with this number.
    async fn lookup(&self, id: BillId) -> Result<Invoice, LookupError>;
    /// Invoices of an account, newest first.
    async fn list(
        &self,
        account: types::AccountId,
        filter: Filter,
        cursor: Option<types::Cursor>,
    ) -> Result<Page<Invoice>, types::PageError>;
    async fn create(&self, draft: Draft) -> Result<BillId, CreateError>;
    async fn total(&self, invoices: Vec<Invoice>) -> Vec<types::Money>;
    /// Marks it paid; returns whether it was open.
    async fn mark_paid(&self, id: BillId, payment: Option<payments::Payment>) -> bool;
    /// Renders to PDF.
    async fn render(&self, id: BillId, locale: String) -> Result<Vec<u8>, LookupError>;
    async fn ping(&self);
}
