use facet::Facet;

#[derive(Clone, Debug, Facet)]
pub struct Unsigned {
    pub a: u8,
    pub b: u16,
    pub c: u32,
    pub d: u64,
    pub e: u128,
    pub f: usize,
}

#[derive(Clone, Debug, Facet)]
pub struct Signed {
    pub a: i8,
    pub b: i16,
    pub c: i32,
    pub d: i64,
    pub e: i128,
    pub f: isize,
}

#[derive(Clone, Debug, Facet)]
pub struct Rest {
    pub a: f32,
    pub b: f64,
    pub c: bool,
    pub d: char,
    pub e: String,
    pub f: (),
    pub g: &'static str,
}

#[roam::service]
pub trait Primitives {
    async fn unsigned(&self, all: Unsigned) -> Unsigned;
    async fn signed(&self, all: Signed) -> Signed;
    async fn rest(&self, all: Rest) -> bool;
    async fn each_u8(&self, v: u8) -> u8;
    async fn each_u16(&self, v: u16) -> u16;
    async fn each_u32(&self, v: u32) -> u32;
    async fn each_u64(&self, v: u64) -> u64;
    async fn each_u128(&self, v: u128) -> u128;
    async fn each_usize(&self, v: usize) -> usize;
    async fn each_i8(&self, v: i8) -> i8;
    async fn each_i16(&self, v: i16) -> i16;
    async fn each_i32(&self, v: i32) -> i32;
    async fn each_i64(&self, v: i64) -> i64;
    async fn each_i128(&self, v: i128) -> i128;
    async fn each_isize(&self, v: isize) -> isize;
    async fn each_f32(&self, v: f32) -> f32;
    async fn each_f64(&self, v: f64) -> f64;
    async fn each_bool(&self, v: bool) -> bool;
    async fn each_char(&self, v: char) -> char;
    async fn each_string(&self, v: String) -> String;
    async fn each_unit(&self, v: ()) -> ();
    async fn std_paths(&self, a: std::string::String, b: core::primitive::u32)
    -> std::vec::Vec<u8>;
}
