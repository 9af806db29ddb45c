//! Attributes of facet, in one place and cut into several.

use facet::Facet;

/// Names on the wire of other formats; signatures keep those of the source.
#[derive(Clone, Debug, Facet)]
#[facet(rename_all = "camelCase")]
pub struct Renamed {
    pub first_name: String,
    #[facet(rename = "surname")]
    pub last_name: String,
    #[facet(rename = "type", default)]
    pub kind: Option<String>,
    #[facet(alias = "years")]
    pub age_in_years: u8,
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
#[facet(rename_all = "kebab-case")]
pub enum RenamedVariants {
    FirstCase,
    #[facet(rename = "2nd")]
    SecondCase {
        inner_value: u8,
    },
    ThirdCase(#[facet(rename = "x")] u8, u16),
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
#[facet(tag = "kind")]
pub enum InternallyTagged {
    One { a: u8 },
    Two { b: String },
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
#[facet(tag = "t", content = "c")]
pub enum AdjacentlyTagged {
    One(u8),
    Two,
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
#[facet(untagged)]
pub enum Untagged {
    Number(u64),
    Text(String),
}

#[derive(Clone, Debug, Default, Facet)]
#[facet(deny_unknown_fields, default)]
pub struct Defaults {
    #[facet(default = 7)]
    pub count: u32,
    #[facet(default)]
    pub label: String,
    #[facet(sensitive)]
    pub password: String,
}

/// What text formats leave out, postcard sends.
#[derive(Clone, Debug, Facet)]
#[facet(skip_all_unless_truthy)]
pub struct Sparse {
    #[facet(default, skip_serializing_if = Option::is_none)]
    pub note: Option<String>,
    #[facet(skip_unless_truthy)]
    pub count: u32,
    #[facet(default = vec![1], skip_serializing_if = Vec::is_empty)]
    pub list: Vec<u8>,
}

#[derive(Clone, Debug, Facet)]
#[facet(transparent)]
#[facet(rename = "Wrapped")]
pub struct Wrapper(pub Renamed);

#[derive(Clone, Debug, Facet)]
#[facet(rename = "Other", transparent)]
pub struct Together(pub u16);

#[derive(Clone, Debug, Facet)]
#[doc(alias = "thing")]
#[must_use]
#[non_exhaustive]
pub struct Decorated {
    #[doc(hidden)]
    pub hidden: u8,
    #[allow(dead_code)]
    pub(crate) old: u8,
}

#[derive(Clone, Debug, Facet)]
#[cfg_attr(any(), facet(transparent))]
pub struct Conditional(pub u8);

#[roam::service]
pub trait Attributes {
    async fn renamed(&self, v: Renamed) -> Renamed;
    async fn renamed_variants(&self, v: RenamedVariants) -> RenamedVariants;
    async fn internally(&self, v: InternallyTagged) -> InternallyTagged;
    async fn adjacently(&self, v: AdjacentlyTagged) -> AdjacentlyTagged;
    async fn untagged(&self, v: Untagged) -> Untagged;
    async fn defaults(&self, v: Defaults) -> Defaults;
    async fn sparse(&self, v: Sparse) -> Sparse;
    async fn wrapper(&self, v: Wrapper) -> Wrapper;
    async fn together(&self, v: Together) -> Together;
    async fn decorated(&self, v: Decorated) -> Decorated;
    #[must_use]
    #[inline]
    async fn conditional(&self, v: Conditional) -> Conditional;
}
