use super::{
    logs::Level,
    metrics::{Labels, Metric, Value},
    traces::Trace,
};
use facet::Facet;
use shared_types::Either;

#[derive(Clone, Debug, Facet)]
pub struct Rule {
    pub name: String,
    pub when: Condition,
    pub labels: Labels,
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum Condition {
    Above(Value),
    Missing { for_ms: u64 },
    Both(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
}

#[derive(Clone, Debug, Facet)]
pub struct Alert {
    pub rule: Rule,
    pub cause: Either<Metric, Trace>,
    pub level: Level,
}

#[roam::service]
pub trait Alerts {
    async fn rules(&self) -> Vec<Rule>;
    async fn put(&self, rule: Rule) -> Result<Either<u64, Rule>, Either<String, ()>>;
    async fn firing(&self, out: roam::Tx<Alert>) -> Result<(), String>;
    async fn silence(&self, labels: Labels, for_ms: u64) -> bool;
}
