//! Tied together by globs both ways.

pub use super::api::*;
pub use super::*;

#[derive(Clone, Debug, facet::Facet)]
pub struct config_ {
    pub own: bool,
}

mod glob_of_glob {
    pub use super::*;

    #[derive(Clone, Debug, facet::Facet)]
    pub struct Level(pub f32);
}

#[roam::service]
pub trait Config {
    async fn explicit(&self, v: config_) -> Settings;
    async fn globbed(&self, v: UserId) -> Role;
    async fn shadowed(&self, v: glob_of_glob::Level) -> Level;
    async fn far(&self, v: glob_of_glob::glob_of_glob::Level) -> glob_of_glob::Role;
}
