use facet::Facet;
use std::collections::BTreeMap;

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum Setting {
    Bool(bool),
    Text(String),
    Number(f64),
    List(Vec<Setting>),
    Object(BTreeMap<String, Setting>),
}

#[derive(Clone, Debug, Facet)]
pub struct Rule {
    pub when: Predicate,
    pub then: Setting,
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum Predicate {
    Always,
    Attribute { name: String, is: Setting },
    And(Vec<Predicate>),
    Or(Vec<Predicate>),
    Not(Box<Predicate>),
}

#[derive(Clone, Debug, Facet)]
pub struct Flag {
    pub key: String,
    pub rules: Vec<Rule>,
    pub otherwise: Setting,
}

/** Feature flags. */
#[roam::service]
pub trait Flags {
    async fn evaluate(&self, key: String, attributes: BTreeMap<String, Setting>) -> Setting;
    async fn put(&self, flag: Flag) -> Option<Flag>;
    async fn all(&self) -> Vec<Flag>;
    async fn changes(&self, since: u64, out: roam::Tx<(u64, Flag)>);
}
