use facet::Facet;
use types::time::*;

#[derive(Clone, Debug, Facet)]
pub struct Plan {
    pub name: String,
    pub price: super::Discount,
    pub renews: Recurrence,
    pub features: std::collections::BTreeSet<Feature>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Facet)]
#[repr(u8)]
pub enum Feature {
    Api,
    Export,
    Seats,
}

#[derive(Clone, Debug, Facet)]
pub struct Subscription {
    pub plan: Plan,
    pub account: types::ids::AccountId,
    pub cancelled: Option<Timestamp>,
}

#[roam::service]
pub trait Subscriptions {
    async fn subscribe(
        &self,
        account: types::AccountId,
        plan: String,
    ) -> Result<Subscription, String>;
    async fn cancel(&self, account: types::AccountId) -> Result<Timestamp, ()>;
    async fn plans(&self) -> Vec<Plan>;
    async fn usage(&self, of: Feature, span: Span) -> Vec<(Timestamp, u32)>;
}
