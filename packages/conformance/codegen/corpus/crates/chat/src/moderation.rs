use super::{self as chat, JoinError as Refusal, presence};
use facet::Facet;
use wire::service as rpc;

#[derive(Clone, Debug, Facet)]
pub struct Case {
    pub message: chat::Message,
    pub reporter: words::UserId,
    pub state: presence::State,
    pub verdict: Option<Verdict>,
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum Verdict {
    Fine,
    Warn(String),
    Ban(Refusal),
}

#[rpc]
pub trait Moderation {
    async fn open_cases(&self, room: chat::RoomName) -> words::Page<Case>;
    async fn decide(&self, case: u64, verdict: Verdict) -> Result<Case, crate::JoinError>;
}
