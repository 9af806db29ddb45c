use crate::{Edit, Position, Url};
use facet::Facet;

#[derive(Clone, Debug, Facet)]
pub struct Item {
    pub label: String,
    pub edit: Edit,
    pub more: Vec<Edit>,
    pub docs: Option<Docs>,
    pub sort: Option<f32>,
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum Docs {
    Plain(String),
    Markdown(String),
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum Trigger {
    Invoked,
    Character(char),
    Again,
}

#[roam::service]
pub trait Completion {
    async fn complete(&self, url: Url, at: Position, trigger: Trigger) -> Vec<Item>;
    async fn resolve(&self, item: Item) -> Item;
    async fn stream(&self, url: Url, positions: roam::Rx<Position>, items: roam::Tx<Item>);
}
