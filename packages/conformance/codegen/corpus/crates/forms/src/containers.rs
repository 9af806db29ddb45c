use facet::Facet;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, btree_map, hash_set};

use crate::structs::Named;

pub type ByteArray = [u8; 4];
pub type Matrix = [[f32; 2]; 3];
pub type None = [u64; 0];
pub type Three<T> = [T; 3];

#[derive(Clone, Debug, Facet)]
pub struct Lists {
    pub bytes: Vec<u8>,
    pub signed: Vec<i8>,
    pub nested: Vec<Vec<u8>>,
    pub units: Vec<()>,
    pub options: Vec<Option<bool>>,
    pub named: Vec<Named>,
    pub arrays: Vec<[u8; 2]>,
}

#[derive(Clone, Debug, Facet)]
pub struct Arrays {
    pub bytes: ByteArray,
    pub matrix: Matrix,
    pub none: None,
    pub three: Three<Named>,
    pub computed: [u8; super::containers::SIZE],
    pub tuples: [(u8, bool); 1],
}

pub const SIZE: usize = 5;

#[derive(Clone, Debug, Facet)]
pub struct Maps {
    pub hash: HashMap<String, u32>,
    pub tree: BTreeMap<u64, Named>,
    pub nested: BTreeMap<String, BTreeMap<u8, Vec<u8>>>,
    pub of_tuples: btree_map::BTreeMap<(u8, bool), Option<String>>,
    pub by_char: HashMap<char, ()>,
}

#[derive(Clone, Debug, Facet)]
pub struct Sets {
    pub hash: HashSet<String>,
    pub tree: BTreeSet<i64>,
    pub of_tuples: BTreeSet<(u8, u8)>,
    pub full: hash_set::HashSet<bool>,
}

#[derive(Clone, Debug, Facet)]
pub struct Options {
    pub plain: Option<u8>,
    pub nested: Option<Option<u8>>,
    pub deeper: Option<Option<Option<String>>>,
    pub unit: Option<()>,
    pub list: Option<Vec<u8>>,
    pub result: Option<Result<u8, String>>,
    pub full: core::option::Option<std::option::Option<bool>>,
}

#[derive(Clone, Debug, Facet)]
pub struct Results {
    pub plain: Result<u8, String>,
    pub nested: Result<Result<(), u8>, Option<u8>>,
    pub list: Vec<std::result::Result<Named, ()>>,
}

#[roam::service]
pub trait Containers {
    async fn lists(&self, v: Lists) -> Lists;
    async fn arrays(&self, v: Arrays) -> Arrays;
    async fn maps(&self, v: Maps) -> Maps;
    async fn sets(&self, v: Sets) -> Sets;
    async fn options(&self, v: Options) -> Options;
    async fn results(&self, v: Results) -> Results;
    async fn byte_array(&self, v: ByteArray) -> ByteArray;
    async fn matrix(&self, v: Matrix) -> Vec<Matrix>;
    async fn three(&self, v: Three<Three<u8>>) -> None;
    async fn tuple(&self, a: (u8, String), b: (f64, (bool, char))) -> (Vec<u8>, Option<(u8, u8)>);
    async fn twelve(&self) -> (u8, u16, u32, u64);
    async fn list_of_results(&self) -> Vec<Result<u8, String>>;
    async fn option_of_result(&self, v: Option<Result<u8, u8>>) -> Option<Result<Named, String>>;
}
