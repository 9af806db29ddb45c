use crate::metrics::Labels;
use facet::Facet;
use shared_types::time;

/// 16 bytes.
pub type TraceId = [u8; 16];
pub type SpanId = u64;

#[derive(Clone, Debug, Facet)]
pub struct Span {
    pub trace: TraceId,
    pub id: SpanId,
    pub parent: Option<SpanId>,
    pub name: String,
    pub time: time::Span,
    pub attributes: Labels,
    pub events: Vec<(time::Timestamp, String)>,
    pub status: Option<Result<(), String>>,
}

#[derive(Clone, Debug, Facet)]
pub struct Trace {
    pub spans: Vec<Span>,
    pub root: Option<Box<Span>>,
}

#[roam::service]
pub trait Traces {
    async fn export(&self, spans: Vec<Span>) -> u32;
    async fn get(&self, id: TraceId) -> Option<Trace>;
    async fn slowest(&self, count: u8, within: time::Span) -> Vec<(TraceId, time::Millis)>;
}
