//! Globs over what is not ours.
#![allow(ambiguous_glob_imports)]

use facet::*;
use roam::*;
use std::collections::*;
use std::{borrow::*, sync::*, time::*};

#[derive(Clone, Debug, Facet)]
pub struct Globbed {
    pub map: HashMap<String, u8>,
    pub set: BTreeSet<u8>,
    pub shared: Arc<u8>,
    pub text: Cow<'static, str>,
    pub time: Duration,
}

#[service]
pub trait Globs {
    async fn globbed(&self, v: Globbed, out: Tx<u8>) -> BTreeMap<u8, Arc<Globbed>>;
    async fn time(&self, v: Rx<Duration>) -> Option<HashSet<u8>>;
}
