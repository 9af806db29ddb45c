//! Structs of all forms.

use facet::Facet;

#[derive(Clone, Debug, PartialEq, Facet)]
pub struct Named {
    pub a: u8,
    pub b: String,
}

/// No fields, but braces.
#[derive(Clone, Debug, Facet)]
pub struct Braces {}

#[derive(Clone, Debug, Facet)]
pub struct Unit;

#[derive(Clone, Debug, Facet)]
pub struct EmptyTuple();

#[derive(Clone, Debug, Facet)]
pub struct Newtype(pub u32);

#[derive(Clone, Debug, Facet)]
pub struct Pair(pub u32, pub Named);

#[derive(Clone, Debug, Facet)]
pub struct OfUnit(pub ());

#[derive(Clone, Debug, Facet)]
pub struct NewtypeOfNewtype(pub Newtype);

#[derive(Clone, Debug, Facet)]
#[facet(transparent)]
pub struct Transparent(pub u32);

#[derive(Clone, Debug, Facet)]
#[facet(transparent)]
pub struct TransparentStruct(pub Named);

#[derive(Clone, Debug, Facet)]
#[facet(transparent)]
pub struct TransparentChain(pub Transparent);

/// Only in memory: a tuple of one on the wire of signatures.
#[derive(Clone, Debug, Facet)]
#[repr(transparent)]
pub struct ReprTransparent(pub u32);

#[derive(Clone, Debug, Facet)]
#[repr(C)]
pub struct Layout {
    #[allow(dead_code)]
    private: u16,
    pub(crate) restricted: u8,
    pub(super) deeper: Option<Unit>,
}

#[derive(Clone, Debug, Facet)]
pub struct Holder {
    pub named: Named,
    pub braces: Braces,
    pub unit: Unit,
    pub empty: EmptyTuple,
    pub newtype: Newtype,
    pub pair: Pair,
    pub of_unit: OfUnit,
    pub chain: NewtypeOfNewtype,
    pub transparent: (Transparent, TransparentStruct, TransparentChain),
    pub repr: ReprTransparent,
    pub layout: Layout,
}

#[roam::service]
pub trait Structs {
    async fn named(&self, v: Named) -> Named;
    async fn braces(&self, v: Braces) -> Braces;
    async fn unit(&self, v: Unit) -> Unit;
    async fn empty_tuple(&self, v: EmptyTuple) -> EmptyTuple;
    async fn newtype(&self, v: Newtype) -> Newtype;
    async fn pair(&self, v: Pair) -> Pair;
    async fn of_unit(&self, v: OfUnit) -> OfUnit;
    async fn newtype_of_newtype(&self, v: NewtypeOfNewtype) -> NewtypeOfNewtype;
    async fn transparent(&self, v: Transparent) -> Transparent;
    async fn transparent_struct(&self, v: TransparentStruct) -> TransparentStruct;
    async fn transparent_chain(&self, v: TransparentChain) -> TransparentChain;
    async fn repr_transparent(&self, v: ReprTransparent) -> ReprTransparent;
    async fn layout(&self, v: Layout) -> Layout;
    async fn holder(&self, v: Holder) -> Holder;
    async fn none_at_all(&self);
    async fn one_tuple(&self, v: (u8,)) -> (u8,);
    async fn tuples(&self, v: ((), (u8, (u16, (u32,))))) -> ((((bool,),),),);
}
