//! A module whose name is a keyword, and so is that of the one inside.

pub mod r#struct;

pub use r#struct::Kind;

#[derive(Clone, Debug, facet::Facet)]
pub struct Plain {
    pub kind: Kind,
}
