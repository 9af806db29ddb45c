//! Shared memory: a host that hands out places of its segment, guests that ask for one or inherit it,
//! and floods on the bare link.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream as BlockingStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::{Duration, Instant};

use roam_shm::bootstrap::{BootstrapStatus, PreparedBootstrapPeer, decode_request, encode_request};
use roam_shm::{HostHub, HostPeer, Segment, SegmentConfig, ShmLink, SizeClassConfig};
use roam_shm::{ShmLinkRx, ShmLinkTx, guest_link_from_raw};
use roam_types::{Link, LinkRx, LinkTx, LinkTxPermit, WriteSlot};
use shm_primitives::{FileCleanup, PeerId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::spawn_local;
use tokio::time::{sleep, timeout};

use crate::link::{CrateLink, OpenLinks};
use crate::peer::{self, Outcome, Plan};
use crate::wire;

/// How long a flood may take, and how long its end waits for the counterpart to close.
const FLOOD_LIMIT: Duration = Duration::from_secs(120);
const CLOSE_LIMIT: Duration = Duration::from_secs(2);
/// How long a sender tries to get a slot: the crate refuses while there is none.
const SLOT_LIMIT: Duration = Duration::from_secs(10);
/// More descriptors than this program ever has open.
const FIRST_UNUSED_FD: RawFd = 256;
const SLOT_RETRY: Duration = Duration::from_millis(1);

#[derive(Clone, Debug)]
pub struct HostSettings {
    pub segment: PathBuf,
    pub control: PathBuf,
    pub guests: u8,
    pub ring: u32,
    pub max_payload: u32,
    pub inline: u32,
    pub classes: Vec<(u32, u32)>,
    pub once: bool,
    pub flood: Option<Flood>,
    /// A program to start as the first guest.
    pub command: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct GuestSettings {
    pub control: PathBuf,
    pub sid: String,
    pub flood: Option<Flood>,
}

/// What a guest was started with.
#[derive(Clone, Debug)]
pub struct Inherited {
    pub segment: PathBuf,
    pub peer: u8,
    pub doorbell: RawFd,
    pub mmap_rx: RawFd,
    pub mmap_tx: RawFd,
    pub flood: Option<Flood>,
}

/// Numbered payloads in both directions at once, without a session.
#[derive(Clone, Copy, Debug)]
pub struct Flood {
    pub count: u32,
    pub bytes: usize,
    /// Of several sizes, from below the inline threshold to a slot.
    pub is_mixed: bool,
}

impl Flood {
    fn bytes_of(&self, number: u32) -> usize {
        let bytes = if self.is_mixed {
            [4, self.bytes, 300, 5000][number as usize % 4]
        } else {
            self.bytes
        };
        bytes.max(4)
    }
}

pub async fn host(settings: HostSettings, plan: Plan, open: OpenLinks) -> io::Result<Outcome> {
    let classes: Vec<_> = settings
        .classes
        .iter()
        .map(|&(slot_size, slot_count)| SizeClassConfig {
            slot_size,
            slot_count,
        })
        .collect();
    let segment = Arc::new(Segment::create(
        &settings.segment,
        SegmentConfig {
            max_guests: settings.guests,
            bipbuf_capacity: settings.ring,
            max_payload_size: settings.max_payload,
            inline_threshold: settings.inline,
            heartbeat_interval: 0,
            size_classes: &classes,
        },
        // The other kind is gone from its path at once, and a guest opens it by that.
        FileCleanup::Manual,
    )?);
    let _ = std::fs::remove_file(&settings.control);
    let listener = UnixListener::bind(&settings.control)?;
    println!("listening {}", settings.control.display());
    let outcome = serve(&settings, segment, listener, plan, open).await;
    let _ = std::fs::remove_file(&settings.control);
    let _ = std::fs::remove_file(&settings.segment);
    outcome
}

async fn serve(
    settings: &HostSettings,
    segment: Arc<Segment>,
    listener: UnixListener,
    plan: Plan,
    open: OpenLinks,
) -> io::Result<Outcome> {
    let mut hub = Hub {
        hub: HostHub::new(segment.clone()),
        payload: path_bytes(&settings.segment),
        prepared: None,
    };
    let mut child = None;
    if !settings.command.is_empty() {
        let prepared = hub.prepare()?;
        child = Some(start(settings, &prepared)?);
        hub.prepared = Some(prepared);
    }
    loop {
        let (stream, _) = listener.accept().await?;
        let Some(host_peer) = hub.hand_out(stream).await? else {
            continue;
        };
        let session = spawn_local(with_guest(
            segment.clone(),
            host_peer,
            settings.flood,
            plan,
            open.clone(),
        ));
        if settings.once {
            let outcome = session.await.map_err(io::Error::other)??;
            if let Some(child) = &mut child {
                let status = child.wait()?.code().unwrap_or(-1);
                eprintln!("{{\"shm\":\"child\",\"status\":{status}}}");
            }
            return Ok(outcome);
        }
    }
}

async fn with_guest(
    segment: Arc<Segment>,
    host_peer: HostPeer,
    flood: Option<Flood>,
    plan: Plan,
    open: OpenLinks,
) -> io::Result<Outcome> {
    let peer_id = host_peer.peer_id();
    let outcome = run(host_peer.into_link()?, flood, plan, open).await;
    segment.recover_crashed_peer(peer_id);
    eprintln!("{{\"shm\":\"recovered\",\"peer\":{}}}", peer_id.get());
    Ok(outcome)
}

struct Hub {
    hub: HostHub,
    /// The segment's path.
    payload: Vec<u8>,
    /// For the guest that was started here.
    prepared: Option<PreparedBootstrapPeer>,
}

impl Hub {
    fn prepare(&self) -> io::Result<PreparedBootstrapPeer> {
        self.hub.prepare_bootstrap_success(&self.payload)
    }

    /// Gives a place to the one who asks, if it asks for one and there is one.
    async fn hand_out(&mut self, mut stream: UnixStream) -> io::Result<Option<HostPeer>> {
        let mut request = vec![0; 65_600];
        let length = stream.read(&mut request).await?;
        if decode_request(&request[..length]).is_err() {
            return self.refuse(stream, b"no request").await;
        }
        let prepared = match self.prepared.take().map_or_else(|| self.prepare(), Ok) {
            Ok(prepared) => prepared,
            Err(error) => return self.refuse(stream, error.to_string().as_bytes()).await,
        };
        let sent = prepared.send_success_unix(stream.as_raw_fd(), self.hub.segment());
        sent.map_err(io::Error::other)?;
        let PreparedBootstrapPeer {
            host_peer,
            guest_ticket,
            ..
        } = prepared;
        // Held here, it would keep the guest's death from being seen.
        drop(unsafe { OwnedFd::from_raw_fd(guest_ticket.mmap_tx_fd) });
        Ok(Some(host_peer))
    }

    async fn refuse(&self, mut stream: UnixStream, text: &[u8]) -> io::Result<Option<HostPeer>> {
        stream
            .write_all(&self.hub.bootstrap_error_response(text)?)
            .await?;
        Ok(None)
    }
}

fn start(settings: &HostSettings, prepared: &PreparedBootstrapPeer) -> io::Result<Child> {
    let (program, args) = settings.command.split_first().expect("not empty");
    let mmap_tx = prepared.guest_ticket.mmap_tx_fd;
    // The crate leaves this side's end of the doorbell to be inherited, and the guest would hold it
    // itself: it would never see this side's end.
    let keep_to_ourselves = move || {
        for fd in (3..FIRST_UNUSED_FD).filter(|&fd| fd != mmap_tx) {
            // SAFETY: no memory is involved; what is not open is an error of no meaning.
            unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
        }
        Ok(())
    };
    let mut command = Command::new(program);
    // SAFETY: it allocates nothing and takes no lock.
    unsafe { command.pre_exec(keep_to_ourselves) };
    command
        .args(args)
        .env("SUBJECT_MODE", "shm-server")
        .env("SHM_CONTROL_SOCK", &settings.control)
        .env("SHM_SESSION_ID", "sid")
        .env("SHM_MMAP_TX_FD", prepared.guest_ticket.mmap_tx_arg())
        .spawn()
}

pub async fn guest(settings: GuestSettings, plan: Plan, open: OpenLinks) -> io::Result<Outcome> {
    let mut stream = BlockingStream::connect(&settings.control)?;
    let request = encode_request(settings.sid.as_bytes()).map_err(io::Error::other)?;
    io::Write::write_all(&mut stream, &request)?;
    let received = shm_primitives::bootstrap::recv_response_unix(stream.as_raw_fd())
        .map_err(io::Error::other)?;
    let text = String::from_utf8_lossy(&received.response.payload).into_owned();
    let (BootstrapStatus::Success, Some(fds)) = (received.response.status, received.fds) else {
        eprintln!("{{\"shm\":\"refused\",\"text\":{text:?}}}");
        return Ok(Outcome::NoSession);
    };
    let mmap_tx = fds.mmap_control_fd.try_clone()?;
    let inherited = Inherited {
        segment: PathBuf::from(text),
        peer: received.response.peer_id as u8,
        doorbell: fds.doorbell_fd.into_raw_fd(),
        mmap_rx: fds.mmap_control_fd.into_raw_fd(),
        mmap_tx: mmap_tx.into_raw_fd(),
        flood: settings.flood,
    };
    self::inherited(inherited, plan, open).await
}

pub async fn inherited(guest: Inherited, plan: Plan, open: OpenLinks) -> io::Result<Outcome> {
    let segment = Segment::attach(&guest.segment)
        .map_err(|error| io::Error::other(format!("{}: {error:?}", guest.segment.display())))?;
    let peer_id = PeerId::new(guest.peer).ok_or_else(|| io::Error::other("no such peer"))?;
    let segment = Arc::new(segment);
    let Inherited {
        doorbell,
        mmap_rx,
        mmap_tx,
        ..
    } = guest;
    // SAFETY: nobody else in this process has them.
    let link = unsafe { guest_link_from_raw(segment, peer_id, doorbell, mmap_rx, mmap_tx, true) }?;
    Ok(run(link, guest.flood, plan, open).await)
}

async fn run(link: ShmLink, flood: Option<Flood>, plan: Plan, open: OpenLinks) -> Outcome {
    match flood {
        Some(flood) => run_flood(link, flood).await,
        None => peer::run(wire::bare(CrateLink::shm(link, open)), plan).await,
    }
}

/// Writes a payload. The crate refuses it while no slot is free, and leaves it to the caller to wait.
pub async fn write(tx: &ShmLinkTx, payload: &[u8]) -> io::Result<()> {
    let until = Instant::now() + SLOT_LIMIT;
    loop {
        match tx.reserve().await?.alloc(payload.len()) {
            Ok(mut slot) => {
                slot.as_mut_slice().copy_from_slice(payload);
                slot.commit();
                return Ok(());
            }
            Err(error) if error.kind() != io::ErrorKind::WouldBlock || Instant::now() > until => {
                return Err(error);
            }
            Err(_) => sleep(SLOT_RETRY).await,
        }
    }
}

async fn run_flood(link: ShmLink, flood: Flood) -> Outcome {
    let (tx, mut rx) = link.split();
    let since = Instant::now();
    let sending = tokio::spawn(send_flood(tx, flood));
    let mut tally = (0, 0);
    let received = timeout(FLOOD_LIMIT, receive_flood(&mut rx, flood, &mut tally)).await;
    // Held until everything was received: the last half that is dropped closes the doorbell.
    let sent = match timeout(FLOOD_LIMIT, sending).await {
        Ok(Ok(Ok(tx))) => {
            let _ = tx.close().await;
            flood.count
        }
        _ => 0,
    };
    let ms = since.elapsed().as_millis();
    let (received_count, wrong) = tally;
    eprintln!(
        "{{\"flood\":{{\"sent\":{sent},\"received\":{received_count},\"wrong\":{wrong},\"ms\":{ms}}}}}"
    );
    let _ = timeout(CLOSE_LIMIT, rx.recv()).await;
    if received.is_ok() && sent == flood.count && received_count == flood.count && wrong == 0 {
        Outcome::Passed
    } else {
        Outcome::Failed
    }
}

async fn send_flood(tx: ShmLinkTx, flood: Flood) -> io::Result<ShmLinkTx> {
    let mut payload = Vec::new();
    for number in 0..flood.count {
        payload.clear();
        payload.resize(flood.bytes_of(number), number as u8);
        payload[..4].copy_from_slice(&number.to_le_bytes());
        write(&tx, &payload).await?;
    }
    Ok(tx)
}

/// Counts what came, and what of it was not what it should be.
async fn receive_flood(rx: &mut ShmLinkRx, flood: Flood, tally: &mut (u32, u32)) {
    while tally.0 < flood.count {
        let Ok(Some(backing)) = rx.recv().await else {
            return;
        };
        let (bytes, number) = (backing.as_bytes(), tally.0);
        let length = flood.bytes_of(number);
        let is_right = bytes.len() == length
            && bytes[..4] == number.to_le_bytes()
            && (length == 4 || bytes[length - 1] == number as u8);
        tally.0 += 1;
        tally.1 += u32::from(!is_right);
    }
}

fn path_bytes(path: &Path) -> Vec<u8> {
    path.as_os_str().as_encoded_bytes().to_vec()
}
