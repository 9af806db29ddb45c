//! Sessions on the crate's stable conduit, and what it takes to use it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use roam::{
    Attachment, Conduit, ConduitRx, IntoConduit, LinkSource, MessageFamily, SelfRef, StableConduit,
    StableConduitError, StableConduitTx,
};
use roam_types::{Backing, Link, Message};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, timeout_at};

use crate::faults::{Faults, Tally};
use crate::link::{CrateLink, Kind, Listener, OpenLinks, Socket};
use crate::peer::{self, Outcome, Plan, Role};
use crate::sessions::{Inbox, Sessions};
use crate::wire::{self, Carrier, Control, Greeting, Wire};

const REDIAL_PAUSE: Duration = Duration::from_millis(20);

/// How to use the stable conduit.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How long a session lives on without a link. To the crate a graceful end looks like a lost
    /// link, so an acceptor takes this long to notice that the counterpart has ended the session.
    pub resume_window: Duration,
    /// Accept any resume key, as a server that has lost its state.
    pub forget: bool,
    /// Let the session cancel `recv` of the crate's conduit, and do not hang up the link of which
    /// it loses the receiving half by that.
    pub cancel_recv: bool,
    pub faults: Faults,
}

pub async fn dial(
    kind: Kind,
    addr: String,
    settings: Settings,
    plan: Plan,
    open: OpenLinks,
) -> Outcome {
    let tally = Arc::<Tally>::default();
    let source = Redial {
        dialler: Dialler {
            kind,
            addr,
            settings,
            open,
        },
        tally: tally.clone(),
        present: None,
        gave_up: Arc::default(),
    };
    serve(source, settings, plan, &tally).await
}

pub async fn listen(
    listener: Listener,
    settings: Settings,
    plan: Plan,
    once: bool,
    open: OpenLinks,
) -> io::Result<Outcome> {
    let sessions = Arc::new(Sessions::new(settings));
    let mut plan = plan;
    let mut arrivals = JoinSet::new();
    let mut running = JoinSet::new();
    loop {
        tokio::select! {
            socket = listener.accept() => {
                arrivals.spawn_local(arrive(socket?, sessions.clone(), open.clone()));
            }
            Some(arrival) = arrivals.join_next() => match arrival.map_err(io::Error::other)? {
                Ok(Some(inbox)) => {
                    running.spawn_local(accept(inbox, settings, plan));
                    // Only the first session makes calls; with `once`, the first that comes about.
                    if !once {
                        plan = Plan::serve(Role::Acceptor);
                    }
                }
                Ok(None) => {}
                Err(error) => eprintln!("roam-peer: no link: {error}"),
            },
            Some(outcome) = running.join_next() => {
                let outcome = outcome.map_err(io::Error::other)?;
                if once && outcome != Outcome::NoSession {
                    return Ok(outcome);
                }
            }
        }
    }
}

/// Hands a link to its session. If that is a new one it is returned, to be run.
async fn arrive(
    socket: Socket,
    sessions: Arc<Sessions>,
    open: OpenLinks,
) -> io::Result<Option<Inbox>> {
    let link = socket.into_link(Role::Acceptor, open).await?;
    sessions.admit(link).await
}

async fn accept(inbox: Inbox, settings: Settings, plan: Plan) -> Outcome {
    let tally = inbox.tally();
    serve(inbox, settings, plan, &tally).await
}

async fn serve<S>(source: S, settings: Settings, plan: Plan, tally: &Tally) -> Outcome
where
    S: LinkSource<Link: Link<Tx: Clone + Send + Sync + 'static, Rx: Send + 'static>>,
{
    let outcome = match StableConduit::new(source).await {
        Ok(conduit) if settings.cancel_recv => peer::run(conduit, plan).await,
        Ok(conduit) => peer::run(Pumped(conduit), plan).await,
        Err(error) => {
            eprintln!("roam-peer: no stable conduit: {error}");
            Outcome::NoSession
        }
    };
    eprintln!("{}", tally.report());
    outcome
}

/// An initiator's links. Once it has given up it goes on failing: the sending half of the crate's
/// conduit would otherwise ask again when the receiving half has already failed.
struct Redial {
    dialler: Dialler,
    tally: Arc<Tally>,
    present: Option<Arc<Control>>,
    gave_up: Arc<AtomicBool>,
}

impl LinkSource for Redial {
    type Link = Wire;

    /// Returns at once: whoever carries the link's payloads dials.
    async fn next_link(&mut self) -> io::Result<Attachment<Wire>> {
        if self.gave_up.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::NotConnected.into());
        }
        let faults = self.dialler.settings.faults;
        let (wire, carrier) = wire::pair(Greeting::Awaited, faults, self.tally.clone());
        // The counterpart may not know yet that the old link is dead.
        let old = self.present.replace(carrier.control.clone());
        if let Some(old) = old
            && !self.dialler.settings.cancel_recv
        {
            old.cut();
        }
        let dialler = self.dialler.clone();
        let gave_up = self.gave_up.clone();
        tokio::spawn(async move {
            if let Err(error) = dialler.carry(carrier).await {
                gave_up.store(true, Ordering::Relaxed);
                eprintln!("roam-peer: no link: {error}");
            }
        });
        Ok(Attachment::initiator(wire))
    }
}

#[derive(Clone)]
struct Dialler {
    kind: Kind,
    addr: String,
    settings: Settings,
    open: OpenLinks,
}

impl Dialler {
    /// Shakes hands for the conduit until it works, because the conduit itself tries only once.
    async fn carry(&self, mut carrier: Carrier) -> io::Result<()> {
        let deadline = Instant::now() + self.settings.resume_window;
        let Some(hello) = carrier.written.recv().await else {
            return Ok(());
        };
        let (link, answer) = loop {
            let socket = tokio::select! {
                met = timeout_at(deadline, self.meet(&hello.bytes)) => met,
                () = carrier.received.closed() => return Ok(()),
            };
            match socket? {
                Ok(met) => break met,
                Err(Failure::Handshake(error)) if self.settings.faults.fragile => {
                    return Err(error);
                }
                Err(_) if Instant::now() < deadline => sleep(REDIAL_PAUSE).await,
                Err(Failure::Dial(error) | Failure::Handshake(error)) => return Err(error),
            }
        };
        // Unless nobody waits for it any more.
        let _ = carrier.received.send(answer).await;
        carrier.carry(link).await;
        Ok(())
    }

    async fn meet(&self, hello: &[u8]) -> Result<(CrateLink, Backing), Failure> {
        let socket = Socket::connect(self.kind, &self.addr)
            .await
            .map_err(Failure::Dial)?;
        let meeting = async {
            let mut link = socket.into_link(Role::Initiator, self.open.clone()).await?;
            link.tx.write(hello).await?;
            let answer = link.rx.recv().await?;
            Ok((link, answer.ok_or(io::ErrorKind::UnexpectedEof)?))
        };
        meeting.await.map_err(Failure::Handshake)
    }
}

enum Failure {
    Dial(io::Error),
    Handshake(io::Error),
}

/// The crate's stable conduit loses its link when `recv` is cancelled, and the session cancels it
/// whenever a connection is opened, closed or dropped. Here a task receives, undisturbed.
struct Pumped<S: LinkSource>(StableConduit<MessageFamily, S>);

type Received = Result<Option<SelfRef<Message<'static>>>, StableConduitError>;

impl<S> Conduit for Pumped<S>
where
    S: LinkSource<Link: Link<Tx: Clone + Send + Sync + 'static, Rx: Send + 'static>>,
{
    type Msg = MessageFamily;
    type Tx = StableConduitTx<MessageFamily, S>;
    type Rx = PumpedRx;

    fn split(self) -> (Self::Tx, Self::Rx) {
        let (tx, mut rx) = self.0.split();
        let (sender, received) = mpsc::channel(1);
        let pump = tokio::spawn(async move {
            loop {
                let message = rx.recv().await;
                if let Err(error) = &message {
                    eprintln!("roam-peer: the conduit ended: {error}");
                }
                let ended = !matches!(message, Ok(Some(_)));
                if sender.send(message).await.is_err() || ended {
                    return;
                }
            }
        });
        let pump = AbortOnDrop(pump);
        (tx, PumpedRx { received, pump })
    }
}

impl<S: LinkSource> IntoConduit for Pumped<S> {
    type Conduit = Self;

    fn into_conduit(self) -> Self {
        self
    }
}

struct PumpedRx {
    received: mpsc::Receiver<Received>,
    #[allow(dead_code, reason = "held for its drop")]
    pump: AbortOnDrop,
}

impl ConduitRx for PumpedRx {
    type Msg = MessageFamily;
    type Error = StableConduitError;

    async fn recv(&mut self) -> Received {
        self.received.recv().await.unwrap_or(Ok(None))
    }
}

struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
