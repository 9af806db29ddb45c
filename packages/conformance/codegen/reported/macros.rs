//! What macros make is not in the text.

use facet::Facet;

macro_rules! id {
    ($name:ident) => {
        #[derive(facet::Facet)]
        #[facet(transparent)]
        pub struct $name(pub u64);
    };
}

id!(OrderId); //~ error id!

nutype::make! { //~ error nutype::make!
    pub struct Name(String);
}

mod inner {
    include!("generated.rs"); //~ error include!

    #[derive(facet::Facet)]
    pub struct Visible {
        pub a: u8,
    }
}

#[derive(Facet)]
pub struct Sized_ {
    pub bytes: [u8; length!()], //~ error length!
}

#[derive(Facet)]
pub struct Fielded {
    pub value: my_type!(u8), //~ error my_type!
}

#[roam::service]
pub trait Macros {
    async fn fine(&self, v: inner::Visible) -> u8;
    async fn order(&self, v: OrderId) -> u8; //~ error OrderId, left out
    async fn name(&self, v: Name) -> u8; //~ error Name, left out
    async fn included(&self, v: inner::Hidden) -> u8; //~ error Hidden, left out
    async fn sized(&self, v: Sized_) -> u8; //~ left out
    async fn fielded(&self, v: Fielded) -> u8; //~ left out
}
