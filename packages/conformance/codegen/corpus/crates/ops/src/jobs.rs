use facet::Facet;
use roam::{Rx, Tx};
use std::collections::{BTreeMap, HashMap};

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Facet)]
#[facet(transparent)]
pub struct JobId(u64);

#[derive(Clone, Debug, Facet)]
pub struct Spec {
    pub image: String,
    pub command: Vec<String>,
    pub env: BTreeMap<String, String>,
    pub resources: Resources,
    pub retry: RetryPolicy,
    pub needs: Vec<JobId>,
}

#[derive(Clone, Debug, Facet)]
pub struct Resources {
    pub cpu_millis: u32,
    pub memory_bytes: u64,
    pub gpus: Option<u8>,
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum RetryPolicy {
    Never,
    Times(u8),
    Backoff {
        first_ms: u32,
        factor: f32,
        limit: Option<u8>,
    },
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum Status {
    Queued { position: usize },
    Running { node: String, since: i64 },
    Done(ExitStatus),
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum ExitStatus {
    Code(i32),
    Signal { number: i32, core_dumped: bool },
    TimedOut,
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum Output {
    Stdout(Vec<u8>),
    Stderr(Vec<u8>),
    Status(Status),
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum SubmitError {
    QuotaExceeded { resource: String, limit: u64 },
    InvalidSpec(HashMap<String, Vec<String>>),
    Cycle(Vec<JobId>),
}

#[roam::service]
pub trait Jobs {
    async fn submit(&self, spec: Spec) -> Result<JobId, SubmitError>;
    async fn submit_all(&self, specs: Rx<Spec>, ids: Tx<Result<JobId, SubmitError>>) -> u32;
    async fn status(&self, ids: Vec<JobId>) -> BTreeMap<JobId, Status>;
    async fn attach(&self, id: JobId, input: Rx<Vec<u8>>, output: Tx<Output>)
    -> Option<ExitStatus>;
    async fn cancel(&self, id: JobId, signal: Option<i32>) -> bool;
}
