//! Services that macros make, or may change.

use facet::Facet;

macro_rules! service {
    ($name:ident) => {
        #[roam::service]
        pub trait $name {
            async fn ping(&self) -> u8;
        }
    };
}

service!(Made); //~ error service!

thread_local! {
    static COUNT: u8 = const { 0 };
}

#[derive(Facet)]
#[bitfields::pack(bits = 4)]
pub struct Packed { //~ warning bitfields::pack
    pub a: u8,
}

#[roam::service]
pub trait Written {
    async fn ping(&self) -> u8;
    async fn packed(&self, v: Packed) -> u8;
}
