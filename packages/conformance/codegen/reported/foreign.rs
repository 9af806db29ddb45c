//! Types of crates that are not here.

use acme::Widget;
use acme::parts::{self, Gear as Cog};
use facet::Facet;
use other_crate::*;

#[derive(Facet)]
pub struct Order {
    pub id: u64,
    pub widget: Widget, //~ error acme --types
}

#[derive(Facet)]
pub struct Fine {
    pub id: u64,
}

pub type Alias = acme::Deep<u8>; //~ error acme::Deep

#[derive(Facet)]
pub struct Generic<T> {
    pub value: T,
}

#[roam::service]
pub trait Foreign {
    async fn fine(&self, v: Fine) -> Generic<Fine>;
    async fn direct(&self, v: Widget) -> u8; //~ error acme::Widget --types, left out
    async fn renamed(&self, v: Cog) -> u8; //~ error acme::parts::Gear, left out
    async fn through_module(&self, v: parts::Bolt) -> u8; //~ error acme::parts::Bolt, left out
    async fn full(&self, v: ::acme::Nut) -> u8; //~ error acme::Nut, left out
    async fn in_field(&self, v: Order) -> u8; //~ left out
    async fn in_list(&self, v: Vec<Order>) -> Option<Order>; //~ left out
    async fn as_argument(&self, v: Generic<Widget>) -> u8; //~ error acme::Widget, left out
    async fn aliased(&self, v: Alias) -> u8; //~ left out
    async fn from_glob(&self, v: FromGlob) -> u8; //~ error FromGlob, left out
    async fn returned(&self) -> Widget; //~ error acme::Widget, left out
    async fn in_error(&self) -> Result<Fine, Widget>; //~ error acme::Widget, left out
    async fn in_channel(&self, out: roam::Tx<Widget>); //~ error acme::Widget, left out
}
