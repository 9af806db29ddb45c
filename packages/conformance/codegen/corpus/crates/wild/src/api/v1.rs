use super::super::Level;
use facet::Facet;

#[derive(Clone, Debug, Facet)]
pub struct User {
    pub name: String,
    pub level: Level,
}

#[roam::service]
pub trait UsersV1 {
    async fn get(&self, id: u32) -> Option<User>;
    async fn upgrade(&self, user: User) -> super::v2::User;
}
