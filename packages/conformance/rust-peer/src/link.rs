//! Sockets and the links over them.

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use roam_local::{LocalListener, LocalStream};
use roam_stream::StreamLink;
use roam_types::{Backing, Link, LinkRx, LinkTx};
use roam_websocket::WsLink;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use crate::peer::Role;

/// Held by every link until its last byte is written: the program waits for all of them to go.
pub type OpenLinks = mpsc::Sender<Infallible>;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Tcp,
    Unix,
    Ws,
}

pub enum Listener {
    Tcp(TcpListener),
    Unix(LocalListener, String),
    Ws(TcpListener),
}

impl Listener {
    pub async fn bind(kind: Kind, addr: &str) -> io::Result<Self> {
        Ok(match kind {
            Kind::Tcp => Self::Tcp(TcpListener::bind(addr).await?),
            Kind::Unix => Self::Unix(LocalListener::bind(addr)?, addr.into()),
            Kind::Ws => Self::Ws(TcpListener::bind(addr).await?),
        })
    }

    /// The address a counterpart can dial.
    pub fn address(&self) -> String {
        match self {
            Self::Tcp(listener) | Self::Ws(listener) => listener
                .local_addr()
                .map_or_else(|error| error.to_string(), |addr| addr.to_string()),
            Self::Unix(_, path) => path.clone(),
        }
    }

    pub async fn accept(&self) -> io::Result<Socket> {
        Ok(match self {
            Self::Tcp(listener) => Socket::Tcp(listener.accept().await?.0),
            Self::Unix(listener, _) => Socket::Unix(listener.accept().await?),
            Self::Ws(listener) => Socket::Ws(listener.accept().await?.0),
        })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Self::Unix(_, path) = self {
            let _ = roam_local::remove_endpoint(path);
        }
    }
}

/// Payloads read before the session takes them: more than a counterpart's credit and its limit of
/// requests let it have under way.
const RECEIVED_AHEAD: usize = 4096;

/// A connected socket that is no link yet: a WebSocket still has its HTTP upgrade ahead.
pub enum Socket {
    Tcp(TcpStream),
    Unix(LocalStream),
    Ws(TcpStream),
}

impl Socket {
    pub async fn connect(kind: Kind, addr: &str) -> io::Result<Self> {
        Ok(match kind {
            Kind::Tcp => Self::Tcp(TcpStream::connect(addr).await?),
            Kind::Unix => Self::Unix(roam_local::connect(addr).await?),
            Kind::Ws => Self::Ws(TcpStream::connect(addr).await?),
        })
    }

    /// The initiator is the one that dialled, so it asks for the upgrade.
    pub async fn into_wire(self, role: Role, open: OpenLinks) -> io::Result<Wire> {
        Ok(match self {
            Self::Tcp(stream) => {
                stream.set_nodelay(true)?;
                let (reader, writer) = stream.into_split();
                Wire::stream(reader, writer, open)
            }
            Self::Unix(stream) => {
                let (reader, writer) = stream.into_split();
                Wire::stream(reader, writer, open)
            }
            Self::Ws(stream) => {
                stream.set_nodelay(true)?;
                let link = match role {
                    Role::Acceptor => WsLink::server(stream).await?,
                    Role::Initiator => {
                        let url = format!("ws://{}/", stream.peer_addr()?);
                        let upgrade = tokio_tungstenite::client_async(url, stream).await;
                        WsLink::new(upgrade.map_err(io::Error::other)?.0)
                    }
                };
                Wire::Ws(SharedLink::new(link, open))
            }
        })
    }
}

type BoxReader = Box<dyn AsyncRead + Send + Unpin>;
type BoxWriter = Box<dyn AsyncWrite + Send + Unpin>;
pub type StreamWire = SharedLink<StreamLink<BoxReader, BoxWriter>>;

/// A link of either framing.
#[allow(clippy::large_enum_variant, reason = "there are only a few of them")]
pub enum Wire {
    Stream(StreamWire),
    Ws(SharedLink<WsLink<TcpStream>>),
}

impl Wire {
    pub fn stdio(open: OpenLinks) -> Self {
        Self::stream(tokio::io::stdin(), tokio::io::stdout(), open)
    }

    fn stream<R, W>(reader: R, writer: W, open: OpenLinks) -> Self
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
    {
        let link = StreamLink::new(Box::new(reader) as BoxReader, Box::new(writer) as BoxWriter);
        Self::Stream(SharedLink::new(link, open))
    }
}

/// What the crates' links lack:
///
/// - a receiving half whose `recv` can be cancelled. The session cancels it whenever a connection
///   is opened, closed or dropped here, and `StreamLinkRx` then forgets the part of a payload it
///   has read: everything after it is out of step. Here a task receives, undisturbed;
/// - a receiving half that is read whatever the session does. `WsLink` writes nothing while a
///   message it received is not taken, and the session takes none while it waits to send an open,
///   an accept, a close or a Pong: neither ever goes on;
/// - a receiving half that can be ended from outside;
/// - a sending half that can be cloned (the stable conduit asks for it), that refuses to write
///   once the receiving half has ended (the stable conduit would lose those frames), and that
///   tells when everything is written out (see [`OpenLinks`]).
pub struct SharedLink<L> {
    link: L,
    open: OpenLinks,
    hang_up: Arc<Notify>,
}

impl<L> SharedLink<L> {
    fn new(link: L, open: OpenLinks) -> Self {
        Self {
            link,
            open,
            hang_up: Arc::default(),
        }
    }

    /// Notify it, and the link receives no more.
    pub fn hang_up(&self) -> Arc<Notify> {
        self.hang_up.clone()
    }
}

impl<L: Link<Rx: Send>> Link for SharedLink<L> {
    type Tx = SharedTx<L::Tx>;
    type Rx = SharedRx<<L::Rx as LinkRx>::Error>;

    fn split(self) -> (Self::Tx, Self::Rx) {
        let (tx, mut rx) = self.link.split();
        let tx = SharedTx {
            tx: Arc::new(CloseOnDrop {
                tx: Some(tx),
                open: self.open,
            }),
            ended: Arc::default(),
        };
        let ended = tx.ended.clone();
        let (sender, payloads) = mpsc::channel(RECEIVED_AHEAD);
        let pump = tokio::spawn(async move {
            loop {
                let payload = tokio::select! {
                    biased;
                    payload = rx.recv() => payload,
                    () = self.hang_up.notified() => Ok(None),
                };
                let last = !matches!(payload, Ok(Some(_)));
                if last {
                    ended.store(true, Ordering::Relaxed);
                }
                if sender.send(payload).await.is_err() || last {
                    return;
                }
            }
        });
        let pump = AbortOnDrop(pump);
        (tx, SharedRx { payloads, pump })
    }
}

pub struct SharedTx<T: LinkTx> {
    tx: Arc<CloseOnDrop<T>>,
    ended: Arc<AtomicBool>,
}

impl<T: LinkTx> Clone for SharedTx<T> {
    fn clone(&self) -> Self {
        Self {
            tx: self.tx.clone(),
            ended: self.ended.clone(),
        }
    }
}

impl<T: LinkTx> LinkTx for SharedTx<T> {
    type Permit = T::Permit;

    async fn reserve(&self) -> io::Result<Self::Permit> {
        match &self.tx.tx {
            Some(tx) if !self.ended.load(Ordering::Relaxed) => tx.reserve().await,
            _ => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// The link closes when the last clone goes.
    async fn close(self) -> io::Result<()> {
        Ok(())
    }
}

struct CloseOnDrop<T: LinkTx> {
    tx: Option<T>,
    open: OpenLinks,
}

impl<T: LinkTx> Drop for CloseOnDrop<T> {
    fn drop(&mut self) {
        if let Some(tx) = self.tx.take() {
            let open = self.open.clone();
            tokio::spawn(async move {
                let _ = tx.close().await;
                drop(open);
            });
        }
    }
}

pub struct SharedRx<E> {
    payloads: mpsc::Receiver<Result<Option<Backing>, E>>,
    #[allow(dead_code, reason = "held for its drop")]
    pump: AbortOnDrop,
}

impl<E: Error + Send + Sync + 'static> LinkRx for SharedRx<E> {
    type Error = E;

    async fn recv(&mut self) -> Result<Option<Backing>, E> {
        self.payloads.recv().await.unwrap_or(Ok(None))
    }
}

pub struct AbortOnDrop(pub JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
