use std::collections::{HashMap as Map, HashSet};

use words::UserId as Who;

use crate::{Facet, Timestamp};

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum State {
    Online,
    Away(Option<String>),
    Offline { since: Timestamp },
}

#[wire::service]
pub trait Presence {
    async fn set(&self, state: State);
    async fn get(&self, who: Vec<Who>) -> Map<Who, State>;
    async fn online(&self) -> HashSet<Who>;
    async fn follow(&self, who: Who, states: wire::Tx<State>);
}
