//! Comments of all forms.

/*! and a block one */

use facet::Facet;

/** A block comment.
 *
 * With stars.
 */
#[derive(Clone, Debug, Facet)]
pub struct Documented {
    /// One line with `code`, "quotes" and a \ backslash.
    pub a: u8,
    #[doc = "As an attribute."]
    pub b: u8,
    /** in one line */
    pub c: u8,
    // No documentation.
    pub d: u8,
    //// Four slashes: none either.
    pub e: u8,
    /*** Nor this. */
    pub f: u8,
}

/// First paragraph.
///
/// Second, with */ and ${dollar} and `ticks`.
///
///     indented
/// # Heading
#[doc = " and an attribute after it"]
/// and a line after that
#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum Choice {
    /// The first.
    First,
    /// Of two.
    Second {
        /// Inside a variant.
        inner: u8,
    },
    /// A tuple.
    Third(
        /// Its first.
        u8,
        /// Its second.
        u8,
    ),
}

/// A service with comments.
///
/// @param none
#[roam::service]
pub trait Commented {
    /// A method.
    ///
    /// With two paragraphs.
    async fn method(&self, a: Documented) -> Choice;

    /** Block. */
    async fn block(&self) -> u8;

    #[doc = "Attribute: \"quoted\", a tab \t and é."]
    async fn attribute(&self) -> u8;

    // Not documentation.
    async fn none(&self) -> u8;

    /* nor this */
    async fn nested(&self /* here */, /* and /* nested */ here */ a: u8) -> /* there */ u8;

    async fn plain(&self) -> u8;
}
