//! Sockets and the links over them.

use std::convert::Infallible;
use std::io;
use std::net::Shutdown;
use std::os::fd::AsFd;

use roam_local::{LocalListener, LocalStream};
use roam_shm::{ShmLink, ShmLinkRx, ShmLinkTx};
use roam_stream::{StreamLink, StreamLinkRx, StreamLinkTx};
use roam_types::{Backing, Link, LinkRx, LinkTx, LinkTxPermit, WriteSlot};
use roam_websocket::{WsLink, WsLinkRx, WsLinkTx};
use tokio::io::{AsyncRead, AsyncWrite, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::peer::Role;
use crate::shm;

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
    pub async fn into_link(self, role: Role, open: OpenLinks) -> io::Result<CrateLink> {
        Ok(match self {
            Self::Tcp(stream) => {
                stream.set_nodelay(true)?;
                let cutter = Cutter::new(&stream)?;
                let (reader, writer) = stream.into_split();
                CrateLink::stream(reader, writer, Some(cutter), open)
            }
            Self::Unix(stream) => {
                let cutter = Cutter::new(&stream)?;
                let (reader, writer) = stream.into_split();
                CrateLink::stream(reader, writer, Some(cutter), open)
            }
            Self::Ws(stream) => {
                stream.set_nodelay(true)?;
                let cutter = Cutter::new(&stream)?;
                let link = match role {
                    Role::Acceptor => WsLink::server(stream).await?,
                    Role::Initiator => {
                        let url = format!("ws://{}/", stream.peer_addr()?);
                        let upgrade = tokio_tungstenite::client_async(url, stream).await;
                        WsLink::new(upgrade.map_err(io::Error::other)?.0)
                    }
                };
                let (tx, rx) = link.split();
                CrateLink {
                    tx: CrateTx::Ws(tx),
                    rx: CrateRx::Ws(rx),
                    cutter: Some(cutter),
                    open,
                }
            }
        })
    }
}

type BoxReader = Box<dyn AsyncRead + Send + Unpin>;
type BoxWriter = Box<dyn AsyncWrite + Send + Unpin>;

/// A link of the crates, of either framing, split.
pub struct CrateLink {
    pub tx: CrateTx,
    pub rx: CrateRx,
    /// None on standard input and output, and in shared memory.
    pub cutter: Option<Cutter>,
    pub open: OpenLinks,
}

impl CrateLink {
    pub fn stdio(open: OpenLinks) -> Self {
        Self::stream(tokio::io::stdin(), tokio::io::stdout(), None, open)
    }

    pub fn shm(link: ShmLink, open: OpenLinks) -> Self {
        let (tx, rx) = link.split();
        Self {
            tx: CrateTx::Shm(tx),
            rx: CrateRx::Shm(rx),
            cutter: None,
            open,
        }
    }

    fn stream<R, W>(reader: R, writer: W, cutter: Option<Cutter>, open: OpenLinks) -> Self
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
    {
        let link = StreamLink::new(Box::new(reader) as BoxReader, Box::new(writer) as BoxWriter);
        let (tx, rx) = link.split();
        Self {
            tx: CrateTx::Stream(tx),
            rx: CrateRx::Stream(rx),
            cutter,
            open,
        }
    }
}

pub enum CrateTx {
    Stream(StreamLinkTx),
    Ws(WsLinkTx),
    Shm(ShmLinkTx),
}

impl CrateTx {
    pub async fn write(&self, payload: &[u8]) -> io::Result<()> {
        match self {
            Self::Stream(tx) => write(tx, payload).await,
            Self::Ws(tx) => write(tx, payload).await,
            Self::Shm(tx) => shm::write(tx, payload).await,
        }
    }

    /// Resolves when everything is written.
    pub async fn close(self) -> io::Result<()> {
        match self {
            Self::Stream(tx) => tx.close().await,
            Self::Ws(tx) => tx.close().await,
            Self::Shm(tx) => tx.close().await,
        }
    }
}

async fn write<T: LinkTx>(tx: &T, payload: &[u8]) -> io::Result<()> {
    let mut slot = tx.reserve().await?.alloc(payload.len())?;
    slot.as_mut_slice().copy_from_slice(payload);
    slot.commit();
    Ok(())
}

pub enum CrateRx {
    Stream(StreamLinkRx<BufReader<BoxReader>>),
    Ws(WsLinkRx),
    Shm(ShmLinkRx),
}

impl CrateRx {
    /// Not to be cancelled: see [`crate::wire`].
    pub async fn recv(&mut self) -> io::Result<Option<Backing>> {
        match self {
            Self::Stream(rx) => rx.recv().await,
            Self::Ws(rx) => rx.recv().await.map_err(io::Error::other),
            // The crate tells the end of the counterpart as an error.
            Self::Shm(rx) => Ok(rx.recv().await.unwrap_or(None)),
        }
    }
}

/// Ends a socket at once. The crates' links leave theirs to tasks of their own, which go on for as
/// long as the counterpart does not read.
pub struct Cutter(std::net::TcpStream);

impl Cutter {
    fn new(socket: &impl AsFd) -> io::Result<Self> {
        // Shutting down is the same call for every kind of socket.
        Ok(Self(socket.as_fd().try_clone_to_owned()?.into()))
    }

    pub fn cut(self) {
        let _ = self.0.shutdown(Shutdown::Both);
    }
}
