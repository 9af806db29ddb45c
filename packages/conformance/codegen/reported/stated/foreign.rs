//! The service of `../foreign.rs` with the types of `foreign.types.json` in place: ids must be the same.

use self::acme::Widget;
use self::acme::parts::{self, Gear as Cog};
use facet::Facet;

pub mod acme {
    use facet::Facet;

    #[derive(Facet)]
    pub struct Widget {
        pub name: String,
        pub gear: parts::Gear,
    }

    pub mod parts {
        use facet::Facet;

        #[derive(Facet)]
        pub struct Gear(pub u32);

        /// As opaque as what is stated.
        pub type Bolt = std::time::Duration;
    }

    pub type Nut = u16;
    pub type Deep<T> = Vec<T>;
}

#[derive(Facet)]
#[repr(u8)]
pub enum FromGlob {
    A,
    B(bool),
}

#[derive(Facet)]
pub struct Order {
    pub id: u64,
    pub widget: Widget,
}

#[derive(Facet)]
pub struct Fine {
    pub id: u64,
}

pub type Alias = acme::Deep<u8>;

#[derive(Facet)]
pub struct Generic<T> {
    pub value: T,
}

#[roam::service]
pub trait Foreign {
    async fn fine(&self, v: Fine) -> Generic<Fine>;
    async fn direct(&self, v: Widget) -> u8;
    async fn renamed(&self, v: Cog) -> u8;
    async fn through_module(&self, v: parts::Bolt) -> u8;
    async fn full(&self, v: acme::Nut) -> u8;
    async fn in_field(&self, v: Order) -> u8;
    async fn in_list(&self, v: Vec<Order>) -> Option<Order>;
    async fn as_argument(&self, v: Generic<Widget>) -> u8;
    async fn aliased(&self, v: Alias) -> u8;
    async fn from_glob(&self, v: FromGlob) -> u8;
    async fn returned(&self) -> Widget;
    async fn in_error(&self) -> Result<Fine, Widget>;
    async fn in_channel(&self, out: roam::Tx<Widget>);
}
