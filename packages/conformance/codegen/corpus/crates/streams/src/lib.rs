//! Channels wherever they may stand, with all kinds of credit.

use facet::Facet;
use roam::{Rx, Tx};

pub mod wide {
    pub const MANY: usize = 128;

    pub type Tx<T> = roam::Tx<T, MANY>;
    pub type Rx<T> = roam::Rx<T, 64>;
    /// The argument of the alias is the item's.
    pub mod pairs {
        pub type Tx<K, V> = roam::Tx<(K, V), 4>;
    }
}

pub mod narrow {
    pub type Tx<T, const N: usize = 1> = roam::Tx<T, N>;
    pub type Rx<T> = super::Rx<T, 1>;
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum Event {
    Started { at: u64 },
    Progress(u32, u32),
    Ended,
}

/// With channels inside.
#[derive(Facet)]
pub struct Job {
    pub name: String,
    pub progress: Tx<u32>,
    pub input: Rx<Vec<u8>>,
}

#[derive(Facet)]
pub struct Deeper {
    pub job: Job,
    pub log: Option<Tx<String>>,
    pub window: wide::Tx<Event>,
}

/// A channel in some variants.
#[derive(Facet)]
#[repr(u8)]
pub enum Source {
    Nothing,
    Live(Rx<Event>),
    Both {
        events: Rx<Event>,
        acks: narrow::Tx<u64>,
    },
    Pair(Rx<u8>, Tx<u8, 2>),
}

#[derive(Facet)]
pub struct Subscription<T: 'static> {
    pub topic: String,
    pub out: Tx<T>,
}

#[roam::service]
pub trait Plain {
    async fn send(&self, out: Tx<u8>);
    async fn receive(&self, input: Rx<u8>) -> u64;
    async fn both(&self, input: Rx<String>, output: Tx<String>) -> u32;
    async fn four(&self, a: Tx<u8>, b: Rx<u16>, c: Tx<u32>, d: Rx<u64>);
    async fn events(&self, out: roam::Tx<Event>) -> Result<(), String>;
    async fn bytes(&self, chunks: Rx<Vec<u8>>) -> Vec<u8>;
    async fn units(&self, ticks: Tx<()>);
    async fn nested(&self, out: Tx<Vec<Option<(u8, Event)>>>);
    async fn results(&self, out: Tx<Result<u8, Event>>);
    async fn between(&self, name: String, out: Tx<u8>, limit: Option<u32>);
}

#[roam::service]
pub trait Credits {
    async fn many(&self, out: wide::Tx<u8>);
    async fn some(&self, input: wide::Rx<Event>) -> u8;
    async fn one(&self, out: narrow::Tx<u8>, input: narrow::Rx<u8>);
    async fn pairs(&self, out: wide::pairs::Tx<u8, String>);
    async fn mixed(&self, a: Tx<u8>, b: wide::Tx<u8>, c: Rx<u8>, d: wide::Rx<u8>);
}

#[roam::service]
pub trait Inside {
    async fn in_option(&self, out: Option<Tx<u8>>);
    async fn in_struct(&self, job: Job) -> u32;
    async fn in_structs(&self, deeper: Deeper);
    async fn in_enum(&self, source: Source) -> u8;
    async fn in_tuple(&self, pair: (u8, Rx<u8>)) -> u8;
    async fn in_generic(&self, subscription: Subscription<Event>);
    async fn in_option_of_struct(&self, job: Option<Job>, last: bool);
    async fn in_box(&self, job: Box<Job>);
}
