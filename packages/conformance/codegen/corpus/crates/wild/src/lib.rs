#![doc = "Code as it grows: services among everything else that stands in a file."]
#![doc = concat!("Made of ", "pieces.")]
#![allow(dead_code, nonstandard_style, unused_imports, unused_macros, clippy::all)]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
extern crate common as sharing;

use alloc::{borrow::ToOwned, collections::BTreeMap as Tree, string::String as Text, vec::Vec as Array};
use core::{convert::Infallible as Never, option::Option as Maybe, result::Result as Fallible};
use std::fmt::{self, Debug, Display, Write as _};

use facet::Facet;
use sharing::{self as lib, Page as Paged, money::{Currency::{self, *}, Money as Price}};

#[macro_use]
mod macros {
    macro_rules! shout {
        ($text:expr) => {
            $text.to_uppercase()
        };
    }
    pub(crate) use shout;
}

pub mod api;
pub mod borrowed;
pub mod config;
mod private;

pub use private::exposed::{self as shown, Handle};
pub use api::{v1, v2 as latest};

pub const VERSION: &str = "1.0";
pub static GREETING: &[u8] = b"hello { not a brace";
const BRACES: &str = r##"a "raw" # string } { with "# braces"##;
const QUOTE: char = '\'';
const BRACE: char = '{';
const LIFETIME_LIKE: u8 = b'\\';
pub const WINDOW: usize = { const INNER: usize = 8; INNER };

thread_local! {
    static COUNTER: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

/// A type, a function, a constant and a module of one name.
#[derive(Debug, Clone, PartialEq, Facet)]
pub struct config_(pub u8);

#[allow(non_snake_case)]
pub fn Settings() -> u8 {
    shout!("a").len() as u8
}

pub mod Settings_ {}

#[derive(Clone, Debug, Facet)]
pub struct Settings {
    pub name: Text,
    pub values: Tree<Text, Array<u8>>,
    pub limit: Maybe<u32>,
    pub price: Price,
    pub currency: Currency,
}

impl Settings {
    pub const LIMIT: usize = 3;

    /// Looks like a service, is not.
    pub async fn load(&self, name: &str) -> Fallible<Self, fmt::Error> {
        let mut text = String::new();
        write!(text, "{name} {}", stringify!(trait Hidden { async fn x(&self); }))?;
        Ok(self.clone())
    }
}

impl Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl From<u8> for config_ {
    fn from(value: u8) -> Self {
        type Local = u8;
        let value: Local = value;
        Self(value)
    }
}

/// Not a service: the attribute is of another trait.
pub trait Plain {
    type Item;
    const COUNT: usize = 1;
    fn plain(&self) -> Self::Item;
    fn with_body(&self) -> usize {
        Self::COUNT
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Facet)]
#[repr(u8)]
pub enum Level {
    Low = b'l',
    High = 0xFF,
}

pub use Level::*;

pub(crate) mod levels {
    pub use super::Level::{High as Top, Low};
    pub(in crate::levels) use super::Settings as Hidden;
    pub type Both = (super::Level, super::Level);
}

type Shortened = levels::Both;

#[derive(Debug, Clone, Facet)]
#[facet(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(docsrs, doc(cfg(feature = "extra")))]
pub struct Request<T, const N: usize = 4>
where
    T: Clone + Debug,
{
    pub body: T,
    pub window: [u8; N],
    pub levels: Shortened,
}

pub type Wide<T> = Request<T, WIDE>;
const WIDE: usize = Settings::LIMIT;
pub type Windowed = [u16; WINDOWED];
const WINDOWED: usize = 0o17;

/// The service of the crate.
#[roam::service]
pub trait Wild {
    /// Comments, attributes and odd spacing.
    #[allow(clippy::too_many_arguments)]
    async fn settings( & self , name : Text , ) -> Maybe < Settings > ;
    async fn many(&self, a: Maybe<Array<Text>>, b: Tree<u8, Never2>, c: Price,
        d: lib::Page<Level>) -> Paged<Price>;
    async fn default_const(&self, v: Request<Text>) -> Wide<u8>;
    async fn windowed(&self, v: Windowed) -> Shortened;
    async fn handle(&self, v: Handle, w: shown::Handle) -> crate::private::exposed::Handle;
    async fn versions(&self, a: v1::User, b: latest::User) -> api::User;
    async fn edit(&self, v: deeply::Edit) -> deeply::text::Url;
    async fn mutable(&mut self, v: u8) -> u8;
    async fn with_lifetime<'roam>(&self, v: u8) -> &'roam str;
    async fn with_where(&self, v: u8) -> u8 where Self: Sized;
    async fn spelled(&self) -> Fallible<Settings, Level>;
    async fn cfg_name(&self, v: config_) -> config::config_;
    async fn commented(&self, /* the value */ v: u8, // and another
        w: u16 /* last */) -> /* what */ u8;
}

/// A type without values but with a name.
pub type Never2 = ();

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Facet)]
    struct Settings {
        wrong: u8,
    }

    #[test]
    fn works() {
        assert_eq!(shout!("a"), "A");
    }
}
