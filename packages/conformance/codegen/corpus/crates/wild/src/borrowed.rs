//! Borrowed values, in and out.

use facet::Facet;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::{Arc, Mutex, RwLock};

#[derive(Clone, Debug, Facet)]
pub struct View<'a> {
    pub name: &'a str,
    pub text: Cow<'a, str>,
    pub tags: Vec<&'a str>,
    pub maybe: Option<&'a str>,
}

#[derive(Debug, Facet)]
pub struct Cows<'a> {
    pub bytes: Cow<'a, [u8]>,
    pub names: Cow<'a, [String]>,
    pub inner: Cow<'a, Inner>,
}

#[derive(Clone, Debug, Facet)]
pub struct Inner {
    pub a: u8,
}

#[derive(Debug, Facet)]
pub struct Ranged {
    pub range: Range<u32>,
    pub list: Vec<Range<i64>>,
}

#[derive(Debug, Facet)]
pub struct Hashed {
    pub map: HashMap<u8, Inner, std::collections::hash_map::RandomState>,
    pub set: HashSet<u8, std::collections::hash_map::RandomState>,
}

#[roam::service]
pub trait Borrowing {
    async fn view(&self, key: u8) -> View<'roam>;
    async fn views(&self, key: u8) -> Result<Vec<View<'roam>>, String>;
    async fn static_arg(&self, name: &'static str) -> bool;
    async fn cows(&self, v: Cows<'static>) -> Cows<'roam>;
    async fn ranged(&self, v: Ranged) -> Range<u8>;
    async fn hashed(&self, v: Hashed) -> u8;
    async fn shared(&self, v: Arc<Inner>) -> Option<Arc<Inner>>;
    async fn pair(&self, v: (Cow<'static, str>, u8)) -> (&'roam str, u8);
}
