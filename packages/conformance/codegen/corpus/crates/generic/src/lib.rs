//! Generics with concrete arguments, over several depths.

pub mod consts;
pub mod shadows;

use facet::Facet;
use shared_types::{Either, Listing, Page, Pairs, Samples};
use std::collections::BTreeMap;

#[derive(Clone, Debug, Facet)]
pub struct Pair<A, B> {
    pub a: A,
    pub b: B,
}

pub type Same<T> = Pair<T, T>;
pub type Swapped<A, B> = Pair<B, A>;
pub type Deep<T> = Same<Swapped<T, Vec<Same<T>>>>;

#[derive(Clone, Debug, Facet)]
pub struct Wrapper<T>(pub T);

#[derive(Clone, Debug, Facet)]
#[facet(transparent)]
pub struct Clear<T>(pub T);

#[derive(Clone, Debug, Facet)]
pub struct WithDefault<T = u8, U = Vec<T>> {
    pub one: T,
    pub more: U,
}

/// The parameter's name is that of a type outside.
#[derive(Clone, Debug, Facet)]
pub struct Shadow<Item> {
    pub item: Item,
    pub next: Option<Box<Shadow<Item>>>,
}

#[derive(Clone, Debug, Facet)]
pub struct Item {
    pub id: u8,
}

/// Instantiated with something else inside itself.
#[derive(Clone, Debug, Facet)]
pub struct Outer<T> {
    pub inner: Pair<Option<T>, Vec<Wrapper<T>>>,
    pub fixed: Wrapper<String>,
    pub shadow: Shadow<Pair<T, Item>>,
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum Response<T, E> {
    Ready(T),
    Failed(E),
    Retry { after: u32, partial: Option<T> },
}

#[derive(Clone, Debug, Facet)]
pub struct Bounded<T: Clone + Send>
where
    T: std::fmt::Debug,
{
    pub value: T,
}

#[derive(Clone, Debug, Facet)]
pub struct Lifetimes<'a, T> {
    pub text: std::borrow::Cow<'a, str>,
    pub value: T,
}

#[derive(Clone, Debug, Facet)]
pub struct Borrowed<'a> {
    pub name: &'a str,
    pub inner: Lifetimes<'a, u8>,
}

pub type Table<V> = BTreeMap<String, Vec<V>>;

#[roam::service]
pub trait Generics {
    async fn pair(&self, v: Pair<u8, String>) -> Pair<String, u8>;
    async fn same(&self, v: Same<u16>) -> Swapped<u8, bool>;
    async fn deep(&self, v: Deep<u8>) -> Pair<Pair<Pair<u8, u8>, u8>, u8>;
    async fn wrapper(&self, v: Wrapper<Wrapper<u8>>) -> Clear<Clear<u8>>;
    async fn clear(&self, v: Clear<Item>) -> Wrapper<Clear<Item>>;
    async fn defaults(&self, v: WithDefault) -> WithDefault<bool>;
    async fn all_given(&self, v: WithDefault<u8, u16>) -> Option<WithDefault<Item>>;
    async fn shadow(&self, v: Shadow<u8>) -> Shadow<Item>;
    async fn outer(&self, v: Outer<u8>) -> Outer<Outer<bool>>;
    async fn response(&self, v: Response<Item, ()>) -> Response<Vec<Item>, Response<u8, u8>>;
    async fn bounded(&self, v: Bounded<Bounded<char>>) -> Bounded<Item>;
    async fn borrowed(&self, key: Lifetimes<'static, Item>) -> Borrowed<'roam>;
    async fn table(&self, v: Table<Pair<u8, u8>>) -> Table<Table<Item>>;
}

#[roam::service]
pub trait Shared {
    async fn page(&self, of: Page<Item>) -> Page<Pair<u8, Item>, u64>;
    async fn listing(&self, v: Listing<Item>) -> Listing<Listing<u8>>;
    async fn pairs(&self, v: Pairs<u8>) -> Pairs<Item, Item>;
    async fn either(&self, v: Either<Item, Either<u8, ()>>) -> Either<Page<u8>, Page<u16>>;
    async fn fallible(&self) -> Result<Page<Item>, Either<String, Samples2>>;
}

pub type Samples2 = Samples<Item, 2>;
