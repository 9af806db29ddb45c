//! What is only a way to hold a value: nothing of it is on the wire.

use std::borrow::Cow;
use std::sync::Arc;

use super::structs::Named;
use facet::Facet;

#[derive(Clone, Debug, Facet)]
pub struct Held {
    pub boxed: Box<Named>,
    pub counted: Arc<Named>,
    pub text: Cow<'static, str>,
    pub boxes: Vec<Box<u8>>,
    pub option: Option<Arc<Vec<u8>>>,
    pub deep: Box<Arc<Box<u64>>>,
    pub boxed_text: Box<String>,
}

/// Bytes only where they are plain.
#[derive(Clone, Debug, Facet)]
pub struct NotBytes {
    pub boxes: Vec<Box<u8>>,
    pub transparent: Vec<Octet>,
    pub newtypes: Vec<PlainOctet>,
    pub aliased: Vec<Byte>,
    pub boxed_list: Box<Vec<u8>>,
    pub slice: Box<[u8]>,
    pub static_slice: &'static [u8],
    pub options: Vec<Option<u8>>,
}

/// Bytes or not, as its argument is.
#[derive(Clone, Debug, Facet)]
pub struct ListOf<T> {
    pub items: Vec<T>,
}

pub type AliasOf<T> = Vec<T>;

pub type Byte = u8;

#[derive(Clone, Debug, Facet)]
#[facet(transparent)]
pub struct Octet(pub u8);

#[derive(Clone, Debug, Facet)]
pub struct PlainOctet(pub u8);

#[derive(Clone, Debug, Facet)]
pub struct Unsized {
    pub text: Box<str>,
    pub shared: Arc<str>,
    pub list: Box<[u32]>,
    pub names: Arc<[String]>,
}

#[roam::service]
pub trait Pointers {
    async fn held(&self, v: Held) -> Held;
    async fn unsized_parts(&self, v: Unsized) -> u8;
    async fn not_bytes(&self, v: NotBytes) -> NotBytes;
    async fn lists(&self, a: ListOf<u8>, b: ListOf<Box<u8>>) -> ListOf<ListOf<Arc<u8>>>;
    async fn aliases(&self, a: AliasOf<u8>, b: AliasOf<Box<u8>>) -> AliasOf<AliasOf<Box<u8>>>;
    async fn octets(&self, v: Vec<Octet>, w: Vec<Byte>) -> Vec<u8>;
    async fn boxed(&self, v: Box<Named>) -> Box<Named>;
    async fn counted(&self, v: Arc<String>) -> Arc<Vec<u8>>;
    async fn list_of_boxes(&self, v: Vec<Box<Named>>) -> Vec<Arc<u8>>;
    async fn boxed_list(&self, v: Box<Vec<u8>>) -> Box<Vec<String>>;
    async fn borrowed(&self, key: u8) -> &'roam str;
    async fn borrowed_result(&self, key: u8) -> Result<&'roam str, String>;
    async fn cow(&self, v: Cow<'static, str>) -> Cow<'roam, str>;
    async fn long(&self, v: std::boxed::Box<std::sync::Arc<u8>>) -> std::borrow::Cow<'roam, str>;
}
