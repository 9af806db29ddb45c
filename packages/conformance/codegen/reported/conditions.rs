//! Which of these are there depends on how the crate is built.

use facet::Facet;

#[cfg(windows)]
pub type Handle = u64; //~ error cfg Handle Conditions.handle

#[cfg(not(windows))]
pub type Handle = i32;

#[derive(Facet)]
pub struct Event {
    pub id: u64,
    #[cfg(feature = "tracing")]
    pub trace: Option<String>, //~ error cfg Conditions.event
}

#[derive(Facet)]
#[repr(u8)]
pub enum Kind {
    A,
    #[cfg(feature = "extra")]
    B(u8), //~ error cfg Conditions.kind
    C,
}

#[cfg(feature = "types")]
#[derive(Facet)]
pub struct Optional { //~ error cfg Conditions.optional
    pub a: u8,
}

#[derive(Facet)]
#[cfg_attr(feature = "thin", facet(transparent))]
pub struct Thin(pub u8); //~ error cfg_attr Conditions.thin

#[cfg(unix)]
pub mod unix {
    #[derive(facet::Facet)]
    pub struct Fd(pub i32); //~ error cfg Conditions.fd
}

/// Never part of a service.
#[cfg(test)]
mod tests {
    struct Event;
}

#[derive(Facet)]
#[cfg_attr(feature = "docs", doc = "More.")]
#[cfg_attr(test, derive(PartialEq))]
pub struct Harmless {
    pub a: u8,
}

#[roam::service]
pub trait Conditions {
    async fn harmless(&self, v: Harmless) -> Harmless;
    #[cfg(windows)]
    async fn on_windows(&self) -> u8;
    async fn handle(&self, v: Handle) -> u8; //~ left out
    async fn event(&self, v: Event) -> u8; //~ left out
    async fn kind(&self, v: Kind) -> u8; //~ left out
    async fn optional(&self, v: Optional) -> u8; //~ left out
    async fn thin(&self, v: Thin) -> u8; //~ left out
    async fn fd(&self, v: unix::Fd) -> u8; //~ left out
}
