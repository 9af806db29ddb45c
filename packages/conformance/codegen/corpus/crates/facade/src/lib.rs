//! What other crates have, under other names.

pub mod api {
    //! Everything at once.
    pub use billing::{self as money, Billing as BillingApi, payments::*};
    pub use generic::{Same as Twice, consts};
    pub use maze::{Chest as Box_, attic, seabed::*};
    pub use vocabulary::{prelude::*, *};
}

mod relay {
    pub use crate::api::*;
}

pub use relay::{Money as Amount, money::Invoice};

use relay::{Box_, Page, Receipt, Sand, Timestamp, Twice};

#[derive(Clone, Debug, facet::Facet)]
pub struct Summary {
    pub invoice: Invoice,
    pub receipts: Page<Receipt, Timestamp>,
    pub amounts: Twice<Amount>,
    pub board: relay::consts::Board,
}

#[roam::service]
pub trait Facade {
    async fn summary(&self, account: relay::AccountId) -> Option<Summary>;
    async fn chest(&self, v: Box_, sand: Sand) -> relay::attic::Bulb;
    async fn receipts(&self, out: roam::Tx<Receipt>) -> Result<Amount, billing::LookupError>;
    async fn either(&self, v: api::Either<Amount, Invoice>) -> relay::BillId;
}

/// Of the name that another crate's service has too, in a module of its own.
pub mod second {
    use super::*;

    #[roam::service]
    pub trait Gateway {
        async fn lookup(&self, id: relay::BillId) -> Result<Summary, relay::PayError>;
        async fn method(&self, method: relay::Method) -> relay::Iban;
    }
}
