use facet::Facet;
use roam::Rx;
use shared_types::{Samples, time::Timestamp};
use std::collections::{BTreeMap, HashMap};

const BUCKETS: usize = 16;
const PERCENTILES: usize = 0x4;

pub type Labels = BTreeMap<String, String>;
pub type Histogram = [u64; BUCKETS];
/// Four of them.
pub type Percentiles = Samples<f64, PERCENTILES>;

#[derive(Clone, Debug, Facet)]
pub struct Metric {
    pub name: String,
    pub labels: Labels,
    pub unit: Option<Unit>,
    pub value: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Facet)]
#[repr(u8)]
pub enum Unit {
    Seconds,
    Bytes,
    Ratio,
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum Value {
    Counter(u64),
    Gauge(f64),
    Histogram { buckets: Histogram, sum: f64 },
    Summary(Percentiles),
    Raw(Samples<f32, 3>),
}

#[derive(Clone, Debug, Facet)]
pub struct Batch {
    pub at: Timestamp,
    pub metrics: Vec<Metric>,
    pub host: Host,
}

#[derive(Clone, Debug, Facet)]
pub struct Host {
    pub name: String,
    pub load: [f32; 3],
    pub memory: (u64, u64),
}

#[roam::service]
pub trait Metrics {
    async fn push(&self, batch: Batch) -> Result<u32, Rejected>;
    async fn stream(&self, batches: Rx<Batch>) -> u64;
    async fn query(&self, text: String, step_ms: u64) -> Vec<(Timestamp, HashMap<String, f64>)>;
    async fn percentiles(&self, name: String) -> Option<Percentiles>;
    async fn histogram(&self, name: String, labels: Labels) -> Option<(Labels, Histogram)>;
}

#[derive(Clone, Debug, Facet)]
pub struct Rejected(pub Vec<(u32, String)>);
