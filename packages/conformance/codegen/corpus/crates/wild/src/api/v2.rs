use crate::api::internal::OldUser;
use facet::Facet;
use std::{
    collections::{
        hash_map::HashMap,
        BTreeSet,
    },
    time::Duration as Time,
};

#[derive(Clone, Debug, Facet)]
pub struct User {
    pub id: UserId,
    pub names: Vec<String>,
    pub previous: Option<OldUser>,
    pub roles: BTreeSet<Role>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Facet)]
#[facet(transparent)]
pub struct UserId(String);

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Facet)]
#[repr(u8)]
pub enum Role {
    Admin,
    Custom(String),
}

#[derive(Debug, Clone, Facet)]
#[repr(u8)]
pub enum ApiError {
    NotFound { what: &'static str },
    Conflict(Box<User>, Box<User>),
    Internal(String),
}

pub type ApiResult<T> = std::result::Result<T, ApiError>;

#[roam::service]
pub trait UsersV2 {
    async fn get(&self, id: UserId) -> Result<User, ApiError>;
    async fn find(&self, query: HashMap<String, String>) -> ApiResult<Vec<User>>;
    async fn session(&self, id: UserId, ttl: Time) -> ApiResult<Time>;
    async fn watch(&self, ids: Vec<UserId>, out: roam::Tx<(UserId, Option<User>)>);
}
