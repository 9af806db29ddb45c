//! Passes calls on to another peer, as a service in the middle does that knows nothing of what its
//! callers send along: with the metadata that may go on, and without looking at arguments and
//! answers. Calls with channels are refused.

use std::net::SocketAddr;
use std::{convert::Infallible, io};

use roam::{
    Caller, DriverCaller, Handler, Metadata, MetadataFlags, Payload, ReplySink, RequestCall,
    RequestResponse, RoamError, SelfRef,
};
use tokio::sync::watch;

use crate::link::{CrateLink, Kind, OpenLinks, Socket};
use crate::peer::{Outcome, Role};
use crate::wire;

/// Serves one session, with a session of its own to `to` (TCP, bare) behind it.
pub async fn run(link: CrateLink, to: SocketAddr, open: OpenLinks) -> Outcome {
    match sessions(link, to, open).await {
        Ok(()) => Outcome::Passed,
        Err(error) => {
            eprintln!("roam-peer: nothing to pass calls on to, or nobody to pass on: {error}");
            Outcome::NoSession
        }
    }
}

async fn sessions(link: CrateLink, to: SocketAddr, open: OpenLinks) -> io::Result<()> {
    let socket = Socket::connect(Kind::Tcp, &to.to_string()).await?;
    let far = socket.into_link(Role::Initiator, open).await?;
    let (caller, _far) = roam::initiator(wire::bare(far))
        .spawn_fn(|session: roam::BoxSessionFuture| drop(tokio::spawn(session)))
        .establish::<DriverCaller>(())
        .await
        .map_err(io::Error::other)?;
    // Its sender lives as long as the session's task.
    let (alive, mut running) = watch::channel(());
    let (_near, _handle) = roam::acceptor(wire::bare(link))
        .spawn_fn(move |session: roam::BoxSessionFuture| {
            tokio::spawn(async move {
                session.await;
                drop(alive);
            });
        })
        .establish::<DriverCaller>(Relay { caller })
        .await
        .map_err(io::Error::other)?;
    while running.changed().await.is_ok() {}
    Ok(())
}

struct Relay {
    caller: DriverCaller,
}

impl<R: ReplySink> Handler<R> for Relay {
    async fn handle(&self, call: SelfRef<RequestCall<'static>>, reply: R) {
        let Payload::Incoming(args) = &call.args else {
            return reply.send_error(RoamError::<Infallible>::Cancelled).await;
        };
        if !call.channels.is_empty() {
            return reply.send_error(RoamError::<Infallible>::Cancelled).await;
        }
        let passed = RequestCall {
            method_id: call.method_id,
            channels: vec![],
            metadata: forwarded(&call.metadata),
            args: Payload::Incoming(args),
        };
        match self.caller.call(passed).await {
            Ok(answer) => {
                let Payload::Incoming(ret) = &answer.ret else {
                    return reply.send_error(RoamError::<Infallible>::Cancelled).await;
                };
                let passed = RequestResponse {
                    channels: vec![],
                    metadata: forwarded(&answer.metadata),
                    ret: Payload::Incoming(ret),
                };
                reply.send_reply(passed).await;
            }
            Err(_) => reply.send_error(RoamError::<Infallible>::Cancelled).await,
        }
    }
}

fn forwarded<'a>(metadata: &Metadata<'a>) -> Metadata<'a> {
    let may_go_on = |flags: MetadataFlags| !flags.contains(MetadataFlags::NO_PROPAGATE);
    metadata
        .iter()
        .filter(|entry| may_go_on(entry.flags))
        .cloned()
        .collect()
}
