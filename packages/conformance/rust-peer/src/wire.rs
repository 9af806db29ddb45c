//! The link that a conduit gets, and what it has that the crates' links lack:
//!
//! - a receiving half whose `recv` can be cancelled. The session cancels it whenever a connection
//!   is opened, closed or dropped here, and `StreamLinkRx` then forgets the part of a payload it
//!   has read: everything after it is out of step. Here a task receives, undisturbed;
//! - a receiving half that is read whatever the session does. `WsLink` writes nothing while a
//!   message it received is not taken, and the session takes none while it waits to send an open,
//!   an accept, a close or a Pong: neither ever goes on;
//! - a sending half that can be cloned (the stable conduit asks for it) and that refuses to write
//!   once the link has ended (the stable conduit would lose those frames);
//! - it can be cut from outside, and tells when everything is written out (see `OpenLinks`);
//! - it survives its own end while the stable conduit shakes hands and replays on it: what is
//!   written then goes nowhere, and the end shows at the first `recv` afterwards. The crate would
//!   give the session up; so it just asks for the next link. Nothing is lost by it, because what
//!   it replays stays in its replay buffer.

use std::io;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use roam_types::{Backing, LinkRx, LinkTx, LinkTxPermit, SplitLink, WriteSlot};
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;

use crate::faults::{Faults, Tally};
use crate::link::{CrateLink, CrateTx};

/// Payloads read before the conduit takes them: more than a counterpart's credit and its limit of
/// requests let it have under way.
const RECEIVED_AHEAD: usize = 4096;
/// How long a payload waits for the one that is to overtake it.
const OVERTAKE_LIMIT: Duration = Duration::from_millis(20);
/// How long the payloads before a cut may take to leave.
const FLUSH_LIMIT: Duration = Duration::from_millis(200);

pub type Wire = SplitLink<Outgoing, Incoming>;

/// Called with the first payload written.
type FirstWritten = Box<dyn FnOnce(&[u8]) + Send>;

/// The end of a wire that carries its payloads to one of the crates' links.
pub struct Carrier {
    pub written: mpsc::Receiver<Written>,
    pub received: mpsc::Sender<Backing>,
    pub control: Arc<Control>,
}

/// A payload on its way out.
pub struct Written {
    pub bytes: Vec<u8>,
    /// Neither a hello nor replayed.
    is_new: bool,
}

/// What becomes of a wire, known to both of its ends.
pub struct Control {
    /// Nothing more is written.
    ended: AtomicBool,
    /// The conduit is done with handshake and replay, as far as there are any.
    in_use: AtomicBool,
    cut: Notify,
    cut_every: Notify,
    first_written: Mutex<Option<FirstWritten>>,
    faults: Faults,
    tally: Arc<Tally>,
}

impl Control {
    /// Gives the link up: it receives no more, and what is not on its way is lost.
    pub fn cut(&self) {
        self.ended.store(true, Ordering::Relaxed);
        self.cut.notify_one();
    }

    pub fn on_first_written(&self, listener: FirstWritten) {
        *self.first_written.lock().expect("not poisoned") = Some(listener);
    }

    fn is_in_use(&self) -> bool {
        self.in_use.load(Ordering::Relaxed)
    }

    /// Whether what is written now goes nowhere, without a complaint.
    fn is_lossy(&self) -> bool {
        if self.is_in_use() {
            self.faults.late_writes
        } else {
            !self.faults.fragile
        }
    }
}

/// What the conduit receives first on a wire.
pub enum Greeting {
    /// Read already.
    Held(Backing),
    /// Still to come.
    Awaited,
    /// Nothing: a bare conduit does not shake hands.
    None,
}

pub fn pair(greeting: Greeting, faults: Faults, tally: Arc<Tally>) -> (Wire, Carrier) {
    let (sender, written) = mpsc::channel(1);
    let (received, payloads) = mpsc::channel(RECEIVED_AHEAD);
    let control = Arc::new(Control {
        ended: AtomicBool::new(false),
        in_use: AtomicBool::new(matches!(greeting, Greeting::None)),
        cut: Notify::new(),
        cut_every: Notify::new(),
        first_written: Mutex::default(),
        faults,
        tally,
    });
    let wire = SplitLink {
        tx: Outgoing {
            payloads: sender,
            control: control.clone(),
        },
        rx: Incoming {
            greeting,
            payloads,
            control: control.clone(),
        },
    };
    let carrier = Carrier {
        written,
        received,
        control,
    };
    (wire, carrier)
}

/// A wire for a bare conduit.
pub fn bare(link: CrateLink) -> Wire {
    let (wire, carrier) = pair(Greeting::None, Faults::default(), Arc::default());
    tokio::spawn(carrier.carry(link));
    wire
}

/// How the carrying ended.
enum End {
    /// Both halves of the wire are dropped, or the link has ended.
    Over,
    /// Cut from outside.
    Cut,
    /// Cut by [`Faults::cut_every`].
    CutEvery,
}

impl Carrier {
    /// Carries payloads until both halves of the wire are dropped, or it is cut.
    pub async fn carry(self, link: CrateLink) {
        let Self {
            mut written,
            received,
            control,
        } = self;
        let CrateLink {
            tx,
            mut rx,
            cutter,
            open,
        } = link;
        let control = &*control;
        control.tally.link();
        let read = async move {
            loop {
                let payload = tokio::select! {
                    payload = rx.recv() => payload,
                    () = received.closed() => return,
                };
                let Ok(Some(payload)) = payload else { break };
                if received.send(payload).await.is_err() {
                    return;
                }
                if control.is_in_use() {
                    control.passed().await;
                }
            }
            control.ended.store(true, Ordering::Relaxed);
        };
        let write = async {
            while let Some(payload) = written.recv().await {
                if control.write(&tx, payload, &mut written).await.is_err() {
                    written.close();
                }
            }
        };
        let end = tokio::select! {
            biased;
            () = control.cut.notified() => End::Cut,
            () = control.cut_every.notified() => End::CutEvery,
            _ = async { tokio::join!(read, write) } => End::Over,
        };
        let flushed = async {
            while let Ok(payload) = written.try_recv() {
                if !payload.is_new {
                    tx.write(&payload.bytes).await?;
                }
            }
            tx.close().await
        };
        match end {
            End::Over => drop(flushed.await),
            End::Cut => drop(flushed),
            // No replay is cut off, nor a payload in its middle.
            End::CutEvery => drop(timeout(FLUSH_LIMIT, flushed).await),
        }
        if let Some(cutter) = cutter {
            cutter.cut();
        }
        drop(open);
    }
}

impl Control {
    async fn write(
        &self,
        tx: &CrateTx,
        payload: Written,
        later: &mut mpsc::Receiver<Written>,
    ) -> io::Result<()> {
        if !payload.is_new {
            return tx.write(&payload.bytes).await;
        }
        if self.tally.is_overtaken(&self.faults)
            && let Ok(Some(next)) = timeout(OVERTAKE_LIMIT, later.recv()).await
        {
            tx.write(&next.bytes).await?;
        }
        tx.write(&payload.bytes).await?;
        self.passed().await;
        Ok(())
    }

    /// Counts a payload that went through, and cuts the link if it was one too many.
    async fn passed(&self) {
        if self.tally.is_cut_due(&self.faults) {
            self.ended.store(true, Ordering::Relaxed);
            self.cut_every.notify_one();
            std::future::pending().await
        }
    }
}

#[derive(Clone)]
pub struct Outgoing {
    payloads: mpsc::Sender<Written>,
    control: Arc<Control>,
}

impl LinkTx for Outgoing {
    type Permit = Permit;

    // Nothing may be awaited between the last look at `ended` and the return: the frame gets its
    // number right afterwards, and one that the crate numbers after it has begun to reconnect is
    // not replayed.
    async fn reserve(&self) -> io::Result<Permit> {
        let has_ended = || self.control.ended.load(Ordering::Relaxed);
        let mut place = None;
        if !has_ended() {
            place = self.payloads.clone().reserve_owned().await.ok();
        }
        if place.is_none() {
            self.control.ended.store(true, Ordering::Relaxed);
        }
        if has_ended() && !self.control.is_lossy() {
            return Err(io::ErrorKind::NotConnected.into());
        }
        Ok(Permit {
            place,
            control: self.control.clone(),
        })
    }

    /// The link closes when the last clone goes.
    async fn close(self) -> io::Result<()> {
        Ok(())
    }
}

pub struct Permit {
    /// None: what is written goes nowhere.
    place: Option<mpsc::OwnedPermit<Written>>,
    control: Arc<Control>,
}

impl LinkTxPermit for Permit {
    type Slot = Slot;

    /// The crate has numbered the frame by now: refused here, it leaves a hole.
    fn alloc(self, len: usize) -> io::Result<Slot> {
        let Control { faults, tally, .. } = &*self.control;
        if self.control.is_in_use() && tally.is_burnt(faults) {
            return Err(io::Error::other("refused, as --burn-seq asks"));
        }
        Ok(Slot {
            bytes: vec![0; len],
            permit: self,
        })
    }
}

pub struct Slot {
    bytes: Vec<u8>,
    permit: Permit,
}

impl WriteSlot for Slot {
    fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    fn commit(self) {
        let Permit { place, control } = self.permit;
        let listener = control.first_written.lock().expect("not poisoned").take();
        if let Some(listener) = listener {
            listener(&self.bytes);
        }
        if let Some(place) = place {
            place.send(Written {
                bytes: self.bytes,
                is_new: control.is_in_use(),
            });
        }
    }
}

pub struct Incoming {
    greeting: Greeting,
    payloads: mpsc::Receiver<Backing>,
    control: Arc<Control>,
}

impl LinkRx for Incoming {
    type Error = io::Error;

    async fn recv(&mut self) -> io::Result<Option<Backing>> {
        match mem::replace(&mut self.greeting, Greeting::None) {
            Greeting::Held(payload) => return Ok(Some(payload)),
            Greeting::Awaited => {}
            // The crate receives what follows the hellos only when its replay is done.
            Greeting::None => self.control.in_use.store(true, Ordering::Relaxed),
        }
        Ok(self.payloads.recv().await)
    }
}
