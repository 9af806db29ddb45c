//! One session: serves `Testbed` on the root and `Probe` on virtual connections, and calls the
//! counterpart if asked to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use roam::{
    AcceptedConnection, ConnectionAcceptor, ConnectionHandle, ConnectionId, ConnectionSettings,
    Driver, DriverCaller, Handler, IntoConduit, Metadata, MetadataEntry, MetadataFlags,
    MetadataValue, Parity, ReplySink, RequestCall, SelfRef, SessionError, SessionHandle,
};
use roam_types::{Conduit, ConduitTx, MessageFamily};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::checks;
use crate::probe::{ProbeDispatcher, ProbeHandler};
use crate::testbed::{TestbedClient, TestbedDispatcher, TestbedHandler};

/// How long a counterpart that is to be called may take over the handshake.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
/// The counterpart is done calling when it has not called for this long ...
const QUIET: Duration = Duration::from_millis(250);
/// ... and is not waited for any longer than this.
const QUIET_LIMIT: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug)]
pub enum Role {
    Initiator,
    Acceptor,
}

/// What to do in a session.
#[derive(Clone, Copy)]
pub struct Plan {
    pub role: Role,
    pub call: bool,
    /// End the session after the calls, instead of serving until the counterpart ends it.
    hang_up: bool,
}

impl Plan {
    pub fn hang_up(role: Role, call: bool) -> Self {
        Self {
            role,
            call,
            hang_up: call,
        }
    }

    pub fn stay(role: Role, call: bool) -> Self {
        Self {
            role,
            call,
            hang_up: false,
        }
    }
}

/// Runs one session to its end. False if it did not come about or a check failed.
pub async fn run<I>(conduit: I, plan: Plan) -> bool
where
    I: IntoConduit,
    I::Conduit: Conduit<Msg = MessageFamily> + 'static,
    <I::Conduit as Conduit>::Tx: Send + Sync + 'static,
    for<'p> <<I::Conduit as Conduit>::Tx as ConduitTx>::Permit<'p>: Send,
    <I::Conduit as Conduit>::Rx: Send + 'static,
{
    let limit = if plan.call {
        HANDSHAKE_LIMIT
    } else {
        Duration::MAX
    };
    let session = match timeout(limit, Session::establish(conduit, plan.role)).await {
        Ok(Ok(session)) => session,
        Ok(Err(error)) => {
            eprintln!("roam-peer: no session: {error}");
            return false;
        }
        Err(_) => {
            eprintln!("roam-peer: no session: the handshake timed out");
            return false;
        }
    };
    let passed = !plan.call || checks::run(&session).await;
    if plan.hang_up {
        let _ = timeout(QUIET_LIMIT, session.activity.quiet()).await;
        let _ = session.handle.shutdown();
    }
    session.ended().await;
    passed
}

pub struct Session {
    /// The root connection of the counterpart. Dropping the last clone would end the session.
    pub testbed: TestbedClient,
    handle: SessionHandle,
    role: Role,
    activity: Activity,
    /// Its sender lives as long as the session's task.
    running: watch::Receiver<()>,
}

impl Session {
    async fn establish<I>(conduit: I, role: Role) -> Result<Self, SessionError>
    where
        I: IntoConduit,
        I::Conduit: Conduit<Msg = MessageFamily> + 'static,
        <I::Conduit as Conduit>::Tx: Send + Sync + 'static,
        for<'p> <<I::Conduit as Conduit>::Tx as ConduitTx>::Permit<'p>: Send,
        <I::Conduit as Conduit>::Rx: Send + 'static,
    {
        let activity = Activity::default();
        let root = activity.count(TestbedDispatcher::new(TestbedHandler));
        let accept = ProbeAcceptor {
            activity: activity.clone(),
        };
        let (alive, running) = watch::channel(());
        let spawn = move |session: roam::BoxSessionFuture| {
            tokio::spawn(async move {
                session.await;
                drop(alive);
            });
        };
        let (testbed, handle) = match role {
            Role::Initiator => {
                let session = roam::initiator(conduit)
                    .on_connection(accept)
                    .spawn_fn(spawn);
                session.establish::<TestbedClient>(root).await?
            }
            Role::Acceptor => {
                let session = roam::acceptor(conduit)
                    .on_connection(accept)
                    .spawn_fn(spawn);
                session.establish::<TestbedClient>(root).await?
            }
        };
        Ok(Self {
            testbed,
            handle,
            role,
            activity,
            running,
        })
    }

    /// Resolves when the session is over. (Not when its root connection is: a counterpart may
    /// close that one alone.)
    pub async fn ended(&self) {
        let mut running = self.running.clone();
        while running.changed().await.is_ok() {}
    }

    /// Opens a virtual connection to the counterpart's `Probe`.
    pub async fn open_probe(&self) -> Result<(ConnectionId, DriverCaller), SessionError> {
        let parity = match self.role {
            Role::Initiator => Parity::Odd,
            Role::Acceptor => Parity::Even,
        };
        let settings = ConnectionSettings {
            parity,
            max_concurrent_requests: 64,
        };
        let metadata = vec![text_entry("service", "Probe")];
        let connection = self.handle.open_connection(settings, metadata).await?;
        let id = connection.connection_id();
        let mut driver = Driver::new(connection, ());
        let caller = driver.caller();
        tokio::spawn(async move { driver.run().await });
        Ok((id, caller))
    }

    pub async fn close(&self, connection: ConnectionId) -> Result<(), SessionError> {
        self.handle.close_connection(connection, vec![]).await
    }
}

/// Serves `Probe` on every connection, unless it asks for another service by name.
struct ProbeAcceptor {
    activity: Activity,
}

impl ConnectionAcceptor for ProbeAcceptor {
    fn accept(
        &self,
        _id: ConnectionId,
        counterpart: &ConnectionSettings,
        metadata: &[MetadataEntry],
    ) -> Result<AcceptedConnection, Metadata<'static>> {
        let service = metadata.iter().find(|entry| entry.key == "service");
        if service.is_some_and(|entry| entry.value != MetadataValue::String("Probe")) {
            return Err(vec![text_entry("reason", "no such service")]);
        }
        let handler = self.activity.count(ProbeDispatcher::new(ProbeHandler));
        Ok(AcceptedConnection {
            // The crate does not force opposite parities here.
            settings: ConnectionSettings {
                parity: counterpart.parity.other(),
                max_concurrent_requests: 64,
            },
            metadata: vec![],
            setup: Box::new(|connection: ConnectionHandle| {
                let mut driver = Driver::new(connection, handler);
                tokio::spawn(async move { driver.run().await });
            }),
        })
    }
}

fn text_entry(key: &'static str, value: &'static str) -> MetadataEntry<'static> {
    MetadataEntry {
        key,
        value: MetadataValue::String(value),
        flags: MetadataFlags::NONE,
    }
}

/// Counts the counterpart's calls, so that a peer that is done does not hang up on one that is not.
#[derive(Clone, Default)]
struct Activity {
    started: Arc<AtomicUsize>,
    finished: Arc<AtomicUsize>,
}

impl Activity {
    fn count<H>(&self, inner: H) -> Counted<H> {
        Counted {
            inner,
            activity: self.clone(),
        }
    }

    async fn quiet(&self) {
        loop {
            let started = self.started.load(Ordering::Relaxed);
            sleep(QUIET).await;
            let unchanged = self.started.load(Ordering::Relaxed) == started;
            if unchanged && self.finished.load(Ordering::Relaxed) == started {
                return;
            }
        }
    }
}

struct Counted<H> {
    inner: H,
    activity: Activity,
}

impl<R: ReplySink, H: Handler<R>> Handler<R> for Counted<H> {
    async fn handle(&self, call: SelfRef<RequestCall<'static>>, reply: R) {
        self.activity.started.fetch_add(1, Ordering::Relaxed);
        let _finish = Finish(&self.activity);
        self.inner.handle(call, reply).await;
    }
}

/// By drop, because a handler may also be aborted or panic.
struct Finish<'a>(&'a Activity);

impl Drop for Finish<'_> {
    fn drop(&mut self) {
        self.0.finished.fetch_add(1, Ordering::Relaxed);
    }
}
