//! Types of our own under names of the standard library.

pub mod own {
    use facet::Facet;

    #[derive(Clone, Debug, Facet)]
    pub struct Vec<T> {
        pub only: T,
    }

    #[derive(Clone, Debug, Facet)]
    pub struct String(pub u8);

    #[derive(Clone, Debug, Facet)]
    #[repr(u8)]
    pub enum Option<T> {
        Nothing,
        Something(T),
    }

    #[derive(Clone, Debug, Facet)]
    pub struct Box {
        pub width: u8,
    }

    #[derive(Clone, Debug, Facet)]
    pub struct Duration(pub u64);

    #[derive(Clone, Debug, Facet)]
    pub struct Mine {
        pub list: Vec<String>,
        pub theirs: std::vec::Vec<std::string::String>,
        pub option: Option<Box>,
        pub wait: Duration,
    }
}

use own::{Duration, Mine, Option};

#[roam::service]
pub trait Shadows {
    async fn mine(&self, v: Mine) -> Option<own::Box>;
    async fn wait(&self, v: Duration) -> Option<Duration>;
    async fn theirs(&self, v: std::option::Option<String>) -> Vec<u8>;
    async fn both(&self, a: own::String, b: String) -> own::Vec<Vec<own::String>>;
}
