//! What cannot be sent, or the service macro does not take.

use facet::Facet;
use roam::Tx;

#[derive(Facet)]
pub struct Inside {
    pub out: Tx<u8>,
}

#[roam::service]
pub trait Refused {
    async fn fine(&self, v: u8) -> u8;
    async fn returns_channel(&self) -> Tx<u8>; //~ error channel, left out
    async fn returns_inside(&self) -> Inside; //~ error channel, left out
    async fn in_list(&self, v: Vec<Tx<u8>>); //~ error, left out
    async fn dynamic(&self, v: Box<dyn Send>); //~ error, left out
    async fn implied(&self, v: impl Send); //~ error, left out
    async fn pointer(&self, v: *const u8); //~ error, left out
    async fn function(&self, v: fn(u8) -> u8); //~ error, left out
    async fn projected(&self, v: <Inside as Other>::Out); //~ error, left out
    async fn generic<T>(&self, v: T); //~ error, left out
    fn not_async(&self, v: u8) -> u8; //~ error async, left out
    async fn after(&self, v: u8) -> u8;
}
