//! A service whose name another crate has too.

#[roam::service]
pub trait Health {
    async fn check(&self) -> u8;
}
