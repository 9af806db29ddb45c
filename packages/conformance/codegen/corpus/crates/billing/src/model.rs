use std::collections::BTreeMap;

use facet::Facet;
use types::prelude::*;
use types::{BillId, Rate, time as clock};

/// What is owed, and by whom.
#[derive(Clone, Debug, Facet)]
pub struct Invoice {
    pub id: BillId,
    pub account: AccountId,
    /// At least one.
    pub lines: Vec<Line>,
    pub issued: Timestamp,
    pub due: Option<Timestamp>,
    pub status: Status,
    pub tags: BTreeMap<String, String>,
    pub rates: Vec<Rate>,
}

#[derive(Clone, Debug, Facet)]
pub struct Line {
    pub text: String,
    pub quantity: f64,
    pub price: Money,
    pub discount: Option<Discount>,
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum Discount {
    Percent(u8),
    Amount(Money),
    /// With the name of who allowed it.
    Manual {
        amount: Money,
        by: String,
    },
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum Status {
    Draft,
    Open { since: Timestamp, reminders: u8 },
    Paid(Timestamp, Money),
    Void,
}

#[derive(Clone, Debug, Facet)]
pub struct Draft {
    pub account: AccountId,
    pub lines: Vec<Line>,
    pub due_in: Option<Millis>,
}

#[derive(Clone, Debug, Default, Facet)]
pub struct Filter {
    pub text: Option<String>,
    pub paid: Option<bool>,
    pub within: Option<Period>,
}

/// Both ends count.
#[derive(Clone, Debug, Facet)]
pub struct Period {
    pub span: Box<clock::Span>,
}

impl Default for Period {
    fn default() -> Self {
        let zero = Timestamp(0);
        Self {
            span: Box::new(clock::Span {
                from: zero,
                to: zero,
            }),
        }
    }
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum LookupError {
    NotFound,
    AccessDenied { needs: String },
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum CreateError {
    Invalid(Vec<Violation>),
    Duplicate(BillId),
    Unavailable,
}

#[derive(Clone, Debug, Facet)]
pub struct Violation {
    pub path: String,
    pub message: String,
}
