//! Fields that are sent in another form than they are hashed, or not at all. A reader of the sources may
//! say that it cannot describe a method here.

pub mod identity;

use camino::Utf8PathBuf;
use facet::Facet;
use std::path::PathBuf;

/// Of no interest to anyone else.
#[derive(Clone, Debug, Default)]
pub struct Cache {
    pub hits: u64,
}

/// A field that is there in the signature and not in the bytes.
#[derive(Clone, Debug, Default, Facet)]
pub struct Skipped {
    pub kept: u8,
    #[facet(skip, default)]
    pub skipped: u32,
    #[facet(skip_serializing, default)]
    pub not_written: u16,
    #[facet(skip_deserializing, default)]
    pub not_read: u16,
    #[facet(skip_serializing_if = Option::is_none)]
    pub if_some: Option<u8>,
    #[facet(skip_unless_truthy)]
    pub truthy: u8,
    pub last: u8,
}

#[derive(Clone, Debug, Default, Facet)]
pub struct WithOpaque {
    pub kept: u8,
    #[facet(opaque, skip, default)]
    pub cache: Cache,
}

/// Sent as text.
#[derive(Clone, Debug, Facet)]
#[facet(proxy = String)]
pub struct Celsius(pub f64);

impl TryFrom<String> for Celsius {
    type Error = std::num::ParseFloatError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

impl From<&Celsius> for String {
    fn from(celsius: &Celsius) -> Self {
        celsius.0.to_string()
    }
}

#[derive(Clone, Debug, Facet)]
pub struct Reading {
    pub at: u64,
    pub inside: Celsius,
    #[facet(proxy = String)]
    pub outside: Celsius,
}

#[derive(Clone, Debug, Facet)]
pub struct Named {
    pub a: u8,
    pub b: String,
}

#[derive(Clone, Debug, Facet)]
pub struct Flattened {
    pub before: u8,
    #[facet(flatten)]
    pub inner: Named,
    pub after: u8,
}

#[roam::service]
pub trait Hidden {
    async fn skipped(&self, v: Skipped) -> Skipped;
    async fn with_opaque(&self, v: WithOpaque) -> WithOpaque;
    async fn celsius(&self, v: Celsius) -> Option<Celsius>;
    async fn reading(&self, v: Reading) -> Reading;
    async fn flattened(&self, v: Flattened) -> Flattened;
    /// Of a crate that facet knows, and Roam has it know.
    async fn utf8_path(&self, v: Utf8PathBuf) -> Option<camino::Utf8PathBuf>;
    async fn std_path(&self, v: PathBuf) -> bool;
    /// A tuple of one to the hash, and just its item to everyone else.
    #[allow(unused_parens)]
    async fn parens(&self) -> (u8);
    async fn marked(&self, v: std::marker::PhantomData<u8>) -> bool;
}
