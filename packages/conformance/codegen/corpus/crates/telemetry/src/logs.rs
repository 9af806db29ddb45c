use std::borrow::Cow;

use facet::Facet;
use shared_types::{Pairs, prelude::*};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Facet)]
#[repr(u8)]
pub enum Level {
    Trace = 10,
    Debug = 20,
    Info = 30,
    Warn = 40,
    Error = 50,
}

#[derive(Clone, Debug, Facet)]
pub struct Record {
    pub at: Timestamp,
    pub level: Level,
    pub target: Cow<'static, str>,
    pub message: String,
    pub fields: Pairs<String, Field>,
    pub spans: Pairs<u64>,
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum Field {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    Nested(Vec<Field>),
    Null,
}

#[roam::service]
pub trait Logs {
    async fn write(&self, records: Vec<Record>);
    async fn tail(&self, least: Level, out: roam::Tx<Record>);
    async fn search(&self, text: String, cursor: Option<shared_types::Cursor>) -> Page<Record>;
    async fn levels(&self) -> std::collections::BTreeMap<Level, u64>;
}
