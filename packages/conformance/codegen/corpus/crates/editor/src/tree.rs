//! Types that contain themselves, in every way that Rust has.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use super::Range;
use facet::Facet;

/// Directly, through a list.
#[derive(Clone, Debug, Facet)]
pub struct Symbol {
    pub name: String,
    pub kind: u8,
    pub range: Range,
    pub children: Vec<Symbol>,
}

/// Through an option and a box, twice.
#[derive(Clone, Debug, Facet)]
pub struct Syntax {
    pub kind: String,
    pub first: Option<Box<Syntax>>,
    pub next: Option<Box<Syntax>>,
}

/// Mutually with [`Stmt`], [`Block`] and [`Lambda`].
#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum Expr {
    Number(f64),
    Name(String),
    Call { callee: Box<Expr>, args: Vec<Expr> },
    Lambda(Arc<Lambda>),
    Block(Box<Block>),
    Table(BTreeMap<String, Expr>),
    Pair(Box<(Expr, Expr)>),
    Spread(Option<Arc<Expr>>, Vec<(String, Expr)>),
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum Stmt {
    Let { name: String, value: Expr },
    Expr(Expr),
    Return(Option<Expr>),
    Loop(Block),
}

#[derive(Clone, Debug, Facet)]
pub struct Block {
    pub statements: Vec<Stmt>,
    pub value: Option<Box<Expr>>,
}

#[derive(Clone, Debug, Facet)]
pub struct Lambda {
    pub params: Vec<Param>,
    pub body: Block,
}

#[derive(Clone, Debug, Facet)]
pub struct Param(pub String, pub Option<Expr>);

/// Through maps.
#[derive(Clone, Debug, Facet)]
pub struct Scope {
    pub names: HashMap<String, Vec<Scope>>,
    pub parent: Option<Box<Scope>>,
}

/// A generic one.
#[derive(Clone, Debug, Facet)]
pub struct Tree<T> {
    pub value: T,
    pub children: Vec<Tree<T>>,
}

/// Not `Send`, so not of use in a service, but a type like any other.
#[derive(Clone, Debug, Facet)]
pub struct Shared {
    pub next: Option<Rc<Shared>>,
}

#[roam::service]
pub trait Scopes {
    async fn scope(&self, at: super::Position) -> Scope;
    async fn merge(&self, scopes: Vec<Scope>, into: Option<Box<Scope>>) -> Arc<Scope>;
    async fn tree(&self, root: Tree<String>) -> Tree<u32>;
    async fn forest(&self, trees: Vec<Tree<Option<Tree<u8>>>>) -> Tree<Tree<bool>>;
    async fn run(&self, statements: Vec<Stmt>, with: Lambda) -> Result<Expr, Stmt>;
}
