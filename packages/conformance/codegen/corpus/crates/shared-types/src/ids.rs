use facet::Facet;

/// The number of an account: on the wire just that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Facet)]
#[facet(transparent)]
pub struct AccountId(pub u64);

/// The number of an invoice, a tuple of one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Facet)]
pub struct InvoiceId(pub String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Facet)]
#[facet(transparent)]
#[repr(transparent)]
pub struct UserId(pub(crate) u128);

impl From<u128> for UserId {
    fn from(id: u128) -> Self {
        Self(id)
    }
}
