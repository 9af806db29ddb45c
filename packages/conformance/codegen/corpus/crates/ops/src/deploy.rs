use super::jobs::{Resources, Spec, Status as JobStatus};
use facet::Facet;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Clone, Debug, Facet)]
pub struct Version {
    pub major: u32,
    pub minor: u32,
    pub patch: u32,
    pub pre: Option<String>,
}

#[derive(Clone, Debug, Facet)]
pub struct Release {
    pub version: Version,
    pub spec: Arc<Spec>,
    pub replicas: u16,
    pub strategy: Strategy,
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum Strategy {
    Recreate,
    Rolling { surge: Share, unavailable: Share },
    Canary(Vec<Stage>),
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum Share {
    Count(u16),
    Percent(f32),
}

#[derive(Clone, Debug, Facet)]
pub struct Stage {
    pub share: Share,
    pub hold_ms: u64,
}

#[derive(Clone, Debug, Facet)]
pub struct Health {
    pub ready: u16,
    pub replicas: BTreeMap<String, JobStatus>,
    pub uses: Resources,
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum DeployError {
    Downgrade { from: Version, to: Version },
    Unhealthy(Health),
    Locked { by: String },
}

#[roam::service]
pub trait Deploy {
    async fn release(&self, service: String, release: Release) -> Result<Version, DeployError>;
    async fn rollback(&self, service: String, to: Option<Version>) -> Result<Version, DeployError>;
    async fn health(&self, service: String) -> Option<Health>;
    async fn follow(&self, service: String, out: roam::Tx<Result<Health, DeployError>>);
}
