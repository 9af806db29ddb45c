//! Rooms, presence and moderation. Roam is called `wire` here.

extern crate facet as reflection;
extern crate vocabulary as words;

pub mod moderation;
pub mod presence;

use facet::Facet;
use wire::{Rx, Tx, service};
use words::{UserId, prelude::Timestamp};

/// A name like `#general`.
pub type RoomName = String;
type Members = Vec<Member>;

#[derive(Clone, Debug, Facet)]
pub struct Member {
    pub id: UserId,
    pub nick: String,
    pub role: Role,
}

#[derive(Clone, Copy, Debug, PartialEq, Facet)]
#[repr(u8)]
pub enum Role {
    Owner = 1,
    Moderator = 5,
    Guest = 9,
}

#[derive(Clone, Debug, Facet)]
pub struct Message {
    pub id: u64,
    pub from: UserId,
    pub at: Timestamp,
    pub body: Body,
    /// The message this one answers.
    pub reply_to: Option<u64>,
    pub reactions: Vec<(char, u32)>,
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum Body {
    Text(String),
    Markdown {
        source: String,
        mentions: Vec<UserId>,
    },
    Image {
        mime: String,
        data: Vec<u8>,
        alt: Option<String>,
    },
    Thread(Vec<Message>),
    Deleted,
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum Event {
    Posted(Message),
    Edited { id: u64, body: Body },
    Joined(Member),
    Left(UserId, Option<String>),
    Topic(String),
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum JoinError {
    NoSuchRoom,
    Banned { until: Option<Timestamp> },
    Full,
}

/// A chat.
#[service]
pub trait Chat {
    async fn join(&self, room: RoomName, nick: String) -> Result<Members, JoinError>;
    async fn leave(&self, room: RoomName);
    async fn post(&self, room: RoomName, body: Body) -> Result<u64, JoinError>;
    async fn history(&self, room: RoomName, before: Option<u64>, limit: u16) -> Vec<Message>;
    /// Everything that happens in a room.
    async fn events(&self, room: RoomName, events: Tx<Event>);
    /// What is typed, and what others type.
    async fn typing(&self, keys: Rx<String>, others: Tx<(UserId, String)>) -> u32;
    async fn rooms(&self) -> Vec<(RoomName, usize)>;
}
