//! What a glob brings along depends on who may see it.
#![allow(dead_code, unused_imports)]

mod first {
    //! `Status` is imported for itself, `Secret` is its own: neither is for others.
    use super::second::deeper::Status;

    #[derive(Clone, Debug, facet::Facet)]
    struct Secret {
        wrong: u8,
    }

    #[derive(Clone, Debug, facet::Facet)]
    pub struct Open {
        status: Status,
        secret: Secret,
    }

    pub mod inside {
        //! Descendants see all of it.
        pub use super::*;

        #[derive(Clone, Debug, facet::Facet)]
        pub struct Insider {
            pub status: Status,
        }
    }
}

mod second {
    pub mod deeper {
        #[derive(Clone, Debug, facet::Facet)]
        #[repr(u8)]
        pub enum Status {
            Deep,
        }
    }

    #[derive(Clone, Debug, facet::Facet)]
    pub struct Status {
        pub right: bool,
    }

    #[derive(Clone, Debug, facet::Facet)]
    pub struct Secret(pub String);
}

mod prelude_like {
    //! Globs win over what is always there.

    #[derive(Clone, Debug, facet::Facet)]
    pub struct Option<T>(pub T, pub u8);

    #[derive(Clone, Debug, facet::Facet)]
    pub struct String {
        pub length: u32,
    }
}

mod primitive_like {
    //! Names of primitive types are not reserved.
    #![allow(non_camel_case_types)]

    pub type u16 = std::primitive::u64;

    #[derive(Clone, Debug, facet::Facet)]
    pub struct i8(pub u16);

    #[derive(Clone, Debug, facet::Facet)]
    pub struct Shadowed {
        pub a: u16,
        pub b: i8,
        pub c: std::primitive::i8,
    }
}

mod spelled {
    #[derive(Clone, Debug, facet::Facet)]
    pub struct Fish {
        pub list: Vec<u8>,
        pub map: std::collections::BTreeMap<u8, Vec<bool>>,
        pub parenthesised: (Vec<u8>),
        pub length: [u8; LENGTH],
        pub other: [u8; crate::visibility::lengths::OTHER as usize],
    }
    use super::lengths::EIGHT as LENGTH;
}

pub mod lengths {
    pub const EIGHT: usize = 8;
    pub const OTHER: u8 = 3;
}

use first::inside::Insider;
use first::*;
use prelude_like::*;
use second::*;

pub use Renamed as Again;
/// Renamed here, and passed on under another name.
pub use first::Open as Renamed;

pub mod left;

#[derive(Clone, Debug, facet::Facet)]
pub struct Local(pub u64);

#[roam::service]
pub trait Visibility {
    async fn globs(&self, status: Status, secret: Secret) -> Open;
    async fn insider(&self, v: Insider) -> first::inside::Open;
    async fn shadowing(&self, v: Option<u8>) -> String;
    async fn primitives(&self, v: primitive_like::Shadowed) -> primitive_like::u16;
    async fn fish(&self, v: spelled::Fish) -> Again;
    async fn left(&self, l: left::Here) -> (left::Local, left::inner::Up);
}
