//! A file store; its modules are spread over files of every kind.

pub mod storage;
pub mod uploads;
#[path = "odd/watching.rs"]
pub mod watcher;

/// Search, inline.
pub mod search {
    pub mod query {
        use facet::Facet;

        #[derive(Clone, Debug, Facet)]
        #[repr(u8)]
        pub enum Query {
            Word(String),
            Phrase(Vec<String>),
            Not(Box<Query>),
            All(Vec<Query>),
            Any {
                of: Vec<Query>,
                at_least: Option<u32>,
            },
        }
    }

    use self::query::Query;
    use super::storage::{Entry, parts::Range};
    use facet::Facet;

    #[derive(Clone, Debug, Facet)]
    pub struct Hit {
        pub entry: Entry,
        pub score: f32,
        pub ranges: Vec<Range>,
    }

    #[roam::service]
    pub trait Search {
        async fn search(&self, query: Query, limit: u32) -> Vec<Hit>;
        async fn stream(&self, query: Query, hits: roam::Tx<Hit>) -> u64;
        async fn explain(&self, query: Query) -> Result<String, super::storage::FsError>;
    }
}

pub use search::Search as FileSearch;
