//! The sessions of a stable listener, and which of them a new link belongs to. The crate reads a
//! resume key and forgets it, so the hellos are looked at here, on their way.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use roam::{Attachment, LinkSource, prepare_acceptor_attachment};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::faults::Tally;
use crate::link::CrateLink;
use crate::stable::Settings;
use crate::wire::{self, Control, Greeting, Incoming, Outgoing};

const HELLO_LIMIT: Duration = Duration::from_secs(5);
/// Both hellos: magic, flags, resume key, last received.
const HELLO_LENGTH: usize = 25;
const FLAGS: usize = 4;
const KEY: std::ops::Range<usize> = 5..21;
/// In the flags of a ClientHello: there is a key.
const HAS_RESUME_KEY: u8 = 1;
/// In the flags of a ServerHello. The crate never sets it.
const REJECTED: u8 = 1;

type Key = [u8; 16];
type Arrived = Attachment<roam::SplitLink<Outgoing, Incoming>>;

pub struct Sessions {
    settings: Settings,
    by_key: Mutex<HashMap<Key, Arc<Session>>>,
}

/// A session, as far as its links are concerned.
struct Session {
    tally: Arc<Tally>,
    links: Mutex<Links>,
    arrived: Notify,
}

#[derive(Default)]
struct Links {
    /// Replaced by a newer one that comes before the conduit asks for it.
    next: Option<(Arrived, Arc<Control>)>,
    present: Option<Arc<Control>>,
    /// Nobody will ask for a link again: one that comes is dropped, and so closed.
    over: bool,
}

impl Session {
    fn links(&self) -> MutexGuard<'_, Links> {
        self.links.lock().expect("not poisoned")
    }

    /// The crate asks for a new link only when it knows that the old one is dead.
    fn arrive(&self, arrived: Arrived, control: Arc<Control>) {
        let mut links = self.links();
        if links.over {
            return;
        }
        if let Some(present) = &links.present {
            present.cut();
        }
        links.next = Some((arrived, control));
        self.arrived.notify_one();
    }
}

impl Sessions {
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            by_key: Mutex::default(),
        }
    }

    fn by_key(&self) -> MutexGuard<'_, HashMap<Key, Arc<Session>>> {
        self.by_key.lock().expect("not poisoned")
    }

    /// Gives a link to the session whose key it presents, or else to a new one: the session is
    /// returned if it is new. A key that nobody has is rejected, with what the crate has no way
    /// to say.
    pub async fn admit(self: Arc<Self>, mut link: CrateLink) -> io::Result<Option<Inbox>> {
        let hello = timeout(HELLO_LIMIT, link.rx.recv()).await??;
        let hello = hello.ok_or(io::ErrorKind::UnexpectedEof)?;
        let presented = presented_key(hello.as_bytes())?;
        let resumed = match presented {
            Some(key) => self.by_key().get(&key).cloned(),
            None => None,
        };
        if presented.is_some() && resumed.is_none() && !self.settings.forget {
            link.tx.write(&rejection()).await?;
            link.tx.close().await?;
            return Err(io::Error::other("an unknown resume key, rejected"));
        }
        let is_new = resumed.is_none();
        let session = resumed.unwrap_or_else(|| {
            Arc::new(Session {
                tally: Arc::default(),
                links: Mutex::default(),
                arrived: Notify::new(),
            })
        });
        let faults = self.settings.faults;
        let (wire, carrier) = wire::pair(Greeting::Held(hello), faults, session.tally.clone());
        let control = carrier.control.clone();
        let (sessions, owner) = (self.clone(), session.clone());
        control.on_first_written(Box::new(move |hello| {
            sessions.issue(owner, presented, hello)
        }));
        tokio::spawn(carrier.carry(link));
        let arrived = prepare_acceptor_attachment(wire)
            .await
            .map_err(io::Error::other)?;
        session.arrive(arrived, control);
        Ok(is_new.then(|| Inbox {
            sessions: self,
            session,
            failed: false,
        }))
    }

    /// The key that the client came with stays valid beside the new one, which may never arrive.
    fn issue(&self, session: Arc<Session>, presented: Option<Key>, server_hello: &[u8]) {
        let mut by_key = self.by_key();
        by_key.retain(|key, owner| presented == Some(*key) || !Arc::ptr_eq(owner, &session));
        if let Ok(key) = server_hello[KEY].try_into() {
            by_key.insert(key, session);
        }
    }

    fn forget(&self, session: &Arc<Session>) {
        self.by_key()
            .retain(|_, owner| !Arc::ptr_eq(owner, session));
        let mut links = session.links();
        links.over = true;
        links.next = None;
    }
}

fn presented_key(hello: &[u8]) -> io::Result<Option<Key>> {
    if hello.len() != HELLO_LENGTH {
        return Err(io::Error::other("no hello"));
    }
    if hello[FLAGS] & HAS_RESUME_KEY == 0 {
        return Ok(None);
    }
    Ok(hello[KEY].try_into().ok())
}

fn rejection() -> [u8; HELLO_LENGTH] {
    let mut hello = [0; HELLO_LENGTH];
    hello[..FLAGS].copy_from_slice(b"ROSH");
    hello[FLAGS] = REJECTED;
    hello
}

/// The links of one session. Once it has failed it goes on failing, like the initiator's.
pub struct Inbox {
    sessions: Arc<Sessions>,
    session: Arc<Session>,
    failed: bool,
}

impl Inbox {
    pub fn tally(&self) -> Arc<Tally> {
        self.session.tally.clone()
    }

    async fn arrived(&self) -> Arrived {
        loop {
            let next = self.session.links().next.take();
            if let Some((arrived, control)) = next {
                self.session.links().present = Some(control);
                return arrived;
            }
            self.session.arrived.notified().await;
        }
    }
}

impl LinkSource for Inbox {
    type Link = roam::SplitLink<Outgoing, Incoming>;

    async fn next_link(&mut self) -> io::Result<Arrived> {
        let Settings {
            resume_window,
            cancel_recv,
            ..
        } = self.sessions.settings;
        if !cancel_recv && let Some(old) = &self.session.links().present {
            old.cut();
        }
        if !self.failed
            && let Ok(arrived) = timeout(resume_window, self.arrived()).await
        {
            return Ok(arrived);
        }
        self.failed = true;
        self.sessions.forget(&self.session);
        Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the counterpart did not come back",
        ))
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.sessions.forget(&self.session);
    }
}
