//! Types of the standard library that facet knows.

use facet::Facet;
use std::convert::Infallible;
use std::time::Duration;

#[derive(Clone, Debug, Facet)]
pub struct Lease {
    pub name: String,
    pub time_to_live: Duration,
    pub grace: Option<core::time::Duration>,
}

/// On the wire of signatures it is a unit.
#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum Backoff {
    Fixed(Duration),
    Between { least: Duration, most: Duration },
}

#[roam::service]
pub trait Leases {
    async fn acquire(&self, lease: Lease) -> Result<Duration, Backoff>;
    async fn renew(&self, name: String, by: Duration) -> Option<Duration>;
    async fn never_fails(&self, name: String) -> Result<u8, Infallible>;
}
