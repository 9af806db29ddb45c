pub mod bottom;

pub use bottom::Fish;

#[derive(Clone, Debug, facet::Facet)]
pub struct Door {
    pub from_deep: u8,
}

/// A service behind a glob.
#[roam::service]
pub trait Diving {
    async fn dive(&self, to: bottom::Sand, door: super::Door) -> Door;
}
