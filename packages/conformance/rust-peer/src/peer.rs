//! One session: serves `Testbed` and `Soak` on the root and `Probe` and `Soak` on virtual
//! connections, and calls the counterpart if asked to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use roam::{
    AcceptedConnection, ConnectionAcceptor, ConnectionHandle, ConnectionId, ConnectionSettings,
    Driver, DriverCaller, DriverReplySink, Handler, IntoConduit, Metadata, MetadataEntry,
    MetadataFlags, MetadataValue, Parity, ReplySink, RequestCall, SelfRef, SessionError,
    SessionHandle, SessionKeepaliveConfig,
};
use roam_types::{Conduit, ConduitTx, MessageFamily};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::checks;
use crate::probe::{ProbeDispatcher, ProbeHandler};
use crate::soak::{self, SoakClient, SoakDispatcher, SoakHandler, soak_service_descriptor};
use crate::testbed::{TestbedClient, TestbedDispatcher, TestbedHandler};

/// How long a counterpart that is to be called may take over the handshake.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
/// The counterpart is done calling when it has not called for this long ...
const QUIET: Duration = Duration::from_millis(250);
/// ... and is not waited for any longer than this.
const QUIET_LIMIT: Duration = Duration::from_secs(10);
/// With keepalive on, the session ends when a Pong is not there by then.
const PONG_LIMIT: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, Debug)]
pub enum Role {
    Initiator,
    Acceptor,
}

/// What to do in a session.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub role: Role,
    pub work: Work,
    /// End the session after the work, instead of serving until the counterpart ends it.
    pub hang_up: bool,
    /// Ping this often; off is how the crate has it.
    pub keepalive: Option<Duration>,
    /// Of a listener: pass calls on to this peer, instead of serving anything.
    pub relay: Option<SocketAddr>,
}

/// What to call, besides serving.
#[derive(Clone, Copy, Debug)]
pub enum Work {
    None,
    Checks,
    Soak(soak::Order),
}

impl Plan {
    pub fn serve(role: Role) -> Self {
        Self {
            role,
            work: Work::None,
            hang_up: false,
            keepalive: None,
            relay: None,
        }
    }
}

/// How a session went.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    Passed,
    /// A check failed, or a soak did.
    Failed,
    /// It did not come about.
    NoSession,
}

/// Runs one session to its end.
pub async fn run<I>(conduit: I, plan: Plan) -> Outcome
where
    I: IntoConduit,
    I::Conduit: Conduit<Msg = MessageFamily> + 'static,
    <I::Conduit as Conduit>::Tx: Send + Sync + 'static,
    for<'p> <<I::Conduit as Conduit>::Tx as ConduitTx>::Permit<'p>: Send,
    <I::Conduit as Conduit>::Rx: Send + 'static,
{
    let limit = match plan.work {
        Work::None => Duration::MAX,
        Work::Checks | Work::Soak(_) => HANDSHAKE_LIMIT,
    };
    let session = match timeout(limit, Session::establish(conduit, &plan)).await {
        Ok(Ok(session)) => session,
        Ok(Err(error)) => {
            eprintln!("roam-peer: no session: {error}");
            return Outcome::NoSession;
        }
        Err(_) => {
            eprintln!("roam-peer: no session: the handshake timed out");
            return Outcome::NoSession;
        }
    };
    let passed = match plan.work {
        Work::None => true,
        Work::Checks => checks::run(&session).await,
        Work::Soak(order) => tokio::select! {
            passed = soak::run(&session.soak, order) => passed,
            () = session.ended() => {
                eprintln!("roam-peer: the session ended before the soak did");
                false
            }
        },
    };
    if plan.hang_up {
        let _ = timeout(QUIET_LIMIT, session.activity.quiet()).await;
        let _ = session.handle.shutdown();
    }
    session.ended().await;
    if passed {
        Outcome::Passed
    } else {
        Outcome::Failed
    }
}

pub struct Session {
    /// The root connection of the counterpart. Dropping the last clone would end the session.
    pub testbed: TestbedClient,
    pub soak: SoakClient,
    handle: SessionHandle,
    role: Role,
    activity: Activity,
    /// Its sender lives as long as the session's task.
    running: watch::Receiver<()>,
}

impl Session {
    async fn establish<I>(conduit: I, plan: &Plan) -> Result<Self, SessionError>
    where
        I: IntoConduit,
        I::Conduit: Conduit<Msg = MessageFamily> + 'static,
        <I::Conduit as Conduit>::Tx: Send + Sync + 'static,
        for<'p> <<I::Conduit as Conduit>::Tx as ConduitTx>::Permit<'p>: Send,
        <I::Conduit as Conduit>::Rx: Send + 'static,
    {
        let activity = Activity::default();
        let root = activity.count(Root {
            testbed: TestbedDispatcher::new(TestbedHandler),
            soak: SoakDispatcher::new(SoakHandler),
        });
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
        let keepalive = plan.keepalive.map(|interval| SessionKeepaliveConfig {
            ping_interval: interval,
            pong_timeout: PONG_LIMIT,
        });
        let (caller, handle) = match plan.role {
            Role::Initiator => {
                let mut session = roam::initiator(conduit)
                    .on_connection(accept)
                    .spawn_fn(spawn);
                if let Some(keepalive) = keepalive {
                    session = session.keepalive(keepalive);
                }
                session.establish::<DriverCaller>(root).await?
            }
            Role::Acceptor => {
                let mut session = roam::acceptor(conduit)
                    .on_connection(accept)
                    .spawn_fn(spawn);
                if let Some(keepalive) = keepalive {
                    session = session.keepalive(keepalive);
                }
                session.establish::<DriverCaller>(root).await?
            }
        };
        Ok(Self {
            testbed: TestbedClient::from(caller.clone()),
            soak: SoakClient::from(caller),
            handle,
            role: plan.role,
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

/// What the root connection serves: one service or the other, by method id.
struct Root {
    testbed: TestbedDispatcher<TestbedHandler>,
    soak: SoakDispatcher<SoakHandler>,
}

impl<R: ReplySink> Handler<R> for Root {
    async fn handle(&self, call: SelfRef<RequestCall<'static>>, reply: R) {
        if soak_service_descriptor().by_id(call.method_id).is_some() {
            self.soak.handle(call, reply).await;
        } else {
            self.testbed.handle(call, reply).await;
        }
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
        match service.map(|entry| &entry.value) {
            None | Some(MetadataValue::String("Probe")) => {
                let handler = self.activity.count(ProbeDispatcher::new(ProbeHandler));
                Ok(accepted(counterpart, handler))
            }
            Some(MetadataValue::String("Soak")) => {
                let handler = self.activity.count(SoakDispatcher::new(SoakHandler));
                Ok(accepted(counterpart, handler))
            }
            Some(_) => Err(vec![text_entry("reason", "no such service")]),
        }
    }
}

fn accepted<H>(counterpart: &ConnectionSettings, handler: H) -> AcceptedConnection
where
    H: Handler<DriverReplySink> + 'static,
{
    AcceptedConnection {
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
