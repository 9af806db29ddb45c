//! Words of Rust and of TypeScript.

use facet::Facet;

#[derive(Clone, Debug, Facet)]
pub struct Words {
    pub r#type: String,
    pub r#match: u8,
    pub function: bool,
    pub constructor: u8,
    pub __proto__: u16,
    pub class: u8,
    pub undefined: Option<u8>,
    pub tag: u8,
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
#[allow(non_camel_case_types)]
pub enum Word {
    r#fn,
    r#struct(u8),
    r#loop { r#in: u8, r#as: String },
    default,
    toString,
    __proto__,
}

/// Names that TypeScript has a meaning for.
#[derive(Clone, Debug, Facet)]
pub struct Object {
    pub map: Map,
    pub set: Set,
    pub string: Symbol,
    pub infer: Infer,
}

#[derive(Clone, Debug, Facet)]
pub struct Map(pub u8);

#[derive(Clone, Debug, Facet)]
pub struct Set(pub u8);

#[derive(Clone, Debug, Facet)]
pub struct Symbol;

#[derive(Clone, Debug, Facet)]
pub struct Infer(pub Vec<t>);

#[derive(Clone, Debug, Facet)]
#[allow(non_camel_case_types)]
pub struct t(pub u8);

#[derive(Clone, Debug, Facet)]
pub struct Error {
    pub message: String,
    pub name: String,
}

/// Named like its service.
#[derive(Clone, Debug, Facet)]
pub struct Promise {
    pub then: u8,
}

#[derive(Clone, Debug, Facet)]
#[allow(non_camel_case_types)]
pub struct interface {
    pub r#await: bool,
}

#[roam::service]
pub trait Keywords {
    async fn r#match(&self, r#type: String, r#in: u8) -> Words;
    async fn r#async(&self, r#fn: Word) -> Word;
    async fn export(&self, function: Object) -> interface;
    async fn delete(&self, class: u8, new: u8, this: u8, var: u8) -> Result<(), Error>;
    async fn promise(&self, p: Promise) -> Promise;
    async fn default(&self, arguments: u8, eval: u8) -> u8;
    async fn infer(&self, method: Infer, args: u8) -> Symbol;
}
