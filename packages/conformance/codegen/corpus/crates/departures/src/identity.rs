//! A type inside itself is a back-reference in the hash, and to the crates `Box<T>` is not `T`: whoever
//! forgets about pointers finds types inside themselves that are not.

use facet::Facet;

#[derive(Clone, Debug, Facet)]
#[facet(transparent)]
pub struct Clear<T>(pub T);

/// Its instances are as many types as there are arguments, though some are sent alike.
#[derive(Clone, Debug, Facet)]
pub struct Holder<T, N = String> {
    pub item: T,
    pub name: N,
}

#[derive(Clone, Debug, Facet)]
pub struct Looped {
    pub again: Vec<Holder<Looped>>,
}

#[derive(Clone, Debug, Facet)]
pub struct Named {
    pub again: Vec<Holder<u8, Option<Box<Named>>>>,
    pub other: Vec<Holder<Box<u8>, Option<Box<Named>>>>,
}

/// A tuple inside it may be the one around it.
#[derive(Clone, Debug, Facet)]
pub struct Forest {
    pub trees: Vec<(u8, Forest)>,
}

#[roam::service]
pub trait Identity {
    async fn boxed(&self, v: Holder<Box<Looped>>) -> Holder<Looped>;
    async fn counted(&self, v: Holder<std::sync::Arc<Looped>>) -> Holder<Looped, Box<String>>;
    async fn text(
        &self,
        v: Holder<Looped, Box<str>>,
    ) -> Holder<Looped, std::borrow::Cow<'roam, str>>;
    async fn inside(&self, v: Named) -> Holder<u8, Option<Box<Named>>>;
    async fn clear(&self, v: Holder<Clear<Looped>>) -> Clear<Holder<Looped>>;
    async fn tuple(&self, v: (u8, Forest)) -> Vec<(u8, Forest)>;
    async fn arguments(&self, a: u8, b: Forest) -> (u16, Forest);

}
