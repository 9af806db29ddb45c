//! Sessions on the crate's stable conduit, over stream links, and what it takes to use it.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use roam::{
    Attachment, Conduit, ConduitRx, IntoConduit, LinkSource, MessageFamily, SelfRef, StableConduit,
    StableConduitError, StableConduitTx, prepare_acceptor_attachment,
};
use roam_types::{Backing, Link, LinkRx, Message, SplitLink};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::link::{AbortOnDrop, Kind, Listener, OpenLinks, Socket, StreamWire, Wire};
use crate::peer::{self, Plan, Role};

/// How long a session lives on without a link. To the crate a graceful end looks like a lost
/// link, so the side that did not end the session takes this long to notice.
const RESUME_WINDOW: Duration = Duration::from_secs(2);
const REDIAL_PAUSE: Duration = Duration::from_millis(100);
const HELLO_LIMIT: Duration = Duration::from_secs(5);

/// In the fifth byte of the hello: the counterpart has a session to resume.
const HAS_RESUME_KEY: u8 = 1;

pub async fn dial(kind: Kind, addr: String, plan: Plan, open: OpenLinks) -> bool {
    serve(
        Redial {
            kind,
            addr,
            open,
            failed: false,
        },
        plan,
    )
    .await
}

pub async fn listen(
    listener: Listener,
    call: bool,
    once: bool,
    open: OpenLinks,
) -> io::Result<bool> {
    let sessions = Rc::new(Sessions {
        call: Cell::new(call),
        newest: RefCell::default(),
    });
    let mut arrivals = JoinSet::new();
    loop {
        tokio::select! {
            socket = listener.accept() => {
                arrivals.spawn_local(arrive(socket?, sessions.clone(), open.clone()));
            }
            Some(arrival) = arrivals.join_next() => match arrival.map_err(io::Error::other)? {
                Ok(Some(passed)) if once => return Ok(passed),
                Ok(_) => {}
                Err(error) => eprintln!("roam-peer: no link: {error}"),
            }
        }
    }
}

/// What the links of a listener share.
struct Sessions {
    /// The next session makes calls.
    call: Cell<bool>,
    newest: RefCell<Option<Newest>>,
}

struct Newest {
    links: mpsc::Sender<Arrived>,
    /// Hangs up the session's present link.
    hang_up: Arc<Notify>,
}

/// Gives a link that wants to resume to the newest session: the crate keeps its resume keys to
/// itself, so there is no telling which. Any other link starts a session, and that is run to its
/// end; the result is then whether its checks passed.
async fn arrive(
    socket: Socket,
    sessions: Rc<Sessions>,
    open: OpenLinks,
) -> io::Result<Option<bool>> {
    let link = stream(socket, Role::Acceptor, open).await?;
    let hang_up = link.hang_up();
    let (arrived, resumes) = timeout(HELLO_LIMIT, read_hello(link)).await??;
    if resumes {
        if let Some(newest) = sessions.newest.borrow_mut().as_mut() {
            // The crate asks for a new link only when it knows that the old one is dead.
            std::mem::replace(&mut newest.hang_up, hang_up).notify_one();
            // A session that is over takes no more links: this one is dropped, and so closed.
            let _ = newest.links.try_send(arrived);
        }
        return Ok(None);
    }
    let (links, queue) = mpsc::channel(4);
    let _ = links.try_send(arrived);
    *sessions.newest.borrow_mut() = Some(Newest { links, hang_up });
    let plan = Plan::stay(Role::Acceptor, sessions.call.replace(false));
    Ok(Some(
        serve(
            Queue {
                links: queue,
                failed: false,
            },
            plan,
        )
        .await,
    ))
}

async fn serve<S>(source: S, plan: Plan) -> bool
where
    S: LinkSource<Link: Link<Tx: Clone + Send + Sync + 'static, Rx: Send + 'static>>,
{
    match StableConduit::new(source).await {
        Ok(conduit) => peer::run(Pumped(conduit), plan).await,
        Err(error) => {
            eprintln!("roam-peer: no stable conduit: {error}");
            false
        }
    }
}

async fn stream(socket: Socket, role: Role, open: OpenLinks) -> io::Result<StreamWire> {
    match socket.into_wire(role, open).await? {
        Wire::Stream(link) => Ok(link),
        Wire::Ws(_) => unreachable!("the options refuse it"),
    }
}

/// An initiator's links. Once it has failed it goes on failing: the sending half of the crate's
/// conduit would otherwise ask again when the receiving half has already given up.
struct Redial {
    kind: Kind,
    addr: String,
    open: OpenLinks,
    failed: bool,
}

impl LinkSource for Redial {
    type Link = StreamWire;

    async fn next_link(&mut self) -> io::Result<Attachment<StreamWire>> {
        if self.failed {
            return Err(io::ErrorKind::NotConnected.into());
        }
        let deadline = Instant::now() + RESUME_WINDOW;
        loop {
            match Socket::connect(self.kind, &self.addr).await {
                Ok(socket) => {
                    let link = stream(socket, Role::Initiator, self.open.clone()).await?;
                    return Ok(Attachment::initiator(link));
                }
                Err(_) if Instant::now() < deadline => sleep(REDIAL_PAUSE).await,
                Err(error) => {
                    self.failed = true;
                    return Err(error);
                }
            }
        }
    }
}

/// An acceptor's links; fails for good like [`Redial`].
struct Queue {
    links: mpsc::Receiver<Arrived>,
    failed: bool,
}

impl LinkSource for Queue {
    type Link = ArrivedLink;

    async fn next_link(&mut self) -> io::Result<Arrived> {
        if !self.failed
            && let Ok(Some(link)) = timeout(RESUME_WINDOW, self.links.recv()).await
        {
            return Ok(link);
        }
        self.failed = true;
        Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the counterpart did not come back",
        ))
    }
}

type ArrivedLink = roam::SplitLink<<StreamWire as Link>::Tx, Unread<<StreamWire as Link>::Rx>>;
type Arrived = Attachment<ArrivedLink>;

/// Looks at the hello, which the crate reads but does not show, and whether it wants to resume.
async fn read_hello(link: StreamWire) -> io::Result<(Arrived, bool)> {
    let (tx, mut rx) = link.split();
    let hello = rx.recv().await?.ok_or(io::ErrorKind::UnexpectedEof)?;
    let flags = hello.as_bytes().get(4).copied().unwrap_or_default();
    let link = SplitLink {
        tx,
        rx: Unread {
            first: Some(hello),
            rx,
        },
    };
    let arrived = prepare_acceptor_attachment(link)
        .await
        .map_err(io::Error::other)?;
    Ok((arrived, flags & HAS_RESUME_KEY != 0))
}

/// A receiving half with one payload put back.
struct Unread<R> {
    first: Option<Backing>,
    rx: R,
}

impl<R: LinkRx> LinkRx for Unread<R> {
    type Error = R::Error;

    async fn recv(&mut self) -> Result<Option<Backing>, R::Error> {
        match self.first.take() {
            Some(payload) => Ok(Some(payload)),
            None => self.rx.recv().await,
        }
    }
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
