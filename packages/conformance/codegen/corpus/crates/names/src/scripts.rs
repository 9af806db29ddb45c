//! Names beyond ASCII.

use facet::Facet;

#[derive(Clone, Debug, Facet)]
pub struct Größe {
    pub länge: f64,
    pub 幅: f64,
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum Цвет {
    Красный,
    Синий(u8),
}

/// `é` is written here as two characters: an `e` and an accent.
#[derive(Clone, Debug, Facet)]
pub struct Café {
    pub prix_carré: u32,
}

#[roam::service]
pub trait Übersetzer {
    async fn größe(&self, größe: Größe) -> Größe;
    async fn цвет(&self, v: Цвет) -> Option<Цвет>;
    async fn café(&self, v: Café) -> Café;
    async fn straßenName(&self) -> String;
}
