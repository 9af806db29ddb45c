//! Conformance peer: `Testbed`, `Probe` and `Soak` on the published Roam 7.3 crates.
//!
//! Standard output carries the `listening` line, the link of `stdio`, or the answers of `decode`; everything else goes to
//! standard error, and is a line of JSON if it starts with a brace (see [`options::USAGE`]). Exit status: 0 all well, 1 a check or
//! a soak failed or no session came about, 2 usage.

mod checks;
mod decode;
mod faults;
mod link;
mod options;
mod peer;
mod probe;
mod relay;
mod sessions;
mod shm;
mod soak;
mod stable;
mod testbed;
mod wire;

use std::io;
use std::process::exit;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::spawn_local;
use tokio::time::timeout;

use link::{CrateLink, Listener, OpenLinks, Socket};
use options::{Command, Options};
use peer::{Outcome, Plan, Role};

/// How long the last bytes may take to leave.
const FLUSH_LIMIT: Duration = Duration::from_secs(2);

// One thread, because on several the crate can lose channel items: it drains what came before a
// channel's handler was there, and only then registers the channel. An item that comes between
// the two stays in the buffer for ever (DriverChannelBinder::register_rx_channel).
#[tokio::main(flavor = "local")]
async fn main() {
    let options = Options::parse(std::env::args().skip(1)).unwrap_or_else(|error| {
        eprintln!("roam-peer: {error}\n{}", options::USAGE);
        exit(2);
    });
    let (open, mut closed) = mpsc::channel(1);
    let outcome = run(options, open).await.unwrap_or_else(|error| {
        eprintln!("roam-peer: {error}");
        Outcome::NoSession
    });
    let _ = timeout(FLUSH_LIMIT, closed.recv()).await;
    // Not a return: the thread that reads standard input cannot be interrupted.
    exit(if outcome == Outcome::Passed { 0 } else { 1 });
}

async fn run(options: Options, open: OpenLinks) -> io::Result<Outcome> {
    let Options {
        command,
        plan,
        stable,
    } = options;
    match (command, stable) {
        (Command::Listen { kind, addr, once }, stable) => {
            let listener = Listener::bind(kind, &addr).await?;
            println!("listening {}", listener.address());
            match stable {
                None => listen(listener, plan, once, open).await,
                Some(settings) => stable::listen(listener, settings, plan, once, open).await,
            }
        }
        (Command::Dial { kind, addr }, None) => {
            let socket = Socket::connect(kind, &addr).await?;
            let link = socket.into_link(Role::Initiator, open).await?;
            Ok(peer::run(wire::bare(link), plan).await)
        }
        (Command::Dial { kind, addr }, Some(settings)) => {
            Ok(stable::dial(kind, addr, settings, plan, open).await)
        }
        (Command::Stdio, _) => {
            let link = CrateLink::stdio(open);
            Ok(peer::run(wire::bare(link), plan).await)
        }
        (Command::ShmHost(settings), _) => shm::host(settings, plan, open).await,
        (Command::ShmGuest(settings), _) => shm::guest(settings, plan, open).await,
        (Command::ShmInherited(guest), _) => shm::inherited(guest, plan, open).await,
        (Command::Decode, _) => {
            decode::run()?;
            Ok(Outcome::Passed)
        }
        (Command::Help, _) => {
            println!("{}", options::USAGE);
            Ok(Outcome::Passed)
        }
    }
}

async fn listen(
    listener: Listener,
    plan: Plan,
    once: bool,
    open: OpenLinks,
) -> io::Result<Outcome> {
    let mut plan = plan;
    loop {
        let socket = listener.accept().await?;
        let session = spawn_local(accept(socket, plan, open.clone()));
        if once {
            let outcome = session.await.map_err(io::Error::other)?;
            if outcome == Outcome::NoSession {
                continue;
            }
            return Ok(outcome);
        }
        // Only the first session makes calls.
        plan = Plan {
            relay: plan.relay,
            ..Plan::serve(Role::Acceptor)
        };
    }
}

async fn accept(socket: Socket, plan: Plan, open: OpenLinks) -> Outcome {
    match socket.into_link(Role::Acceptor, open.clone()).await {
        Ok(link) => match plan.relay {
            Some(to) => relay::run(link, to, open).await,
            None => peer::run(wire::bare(link), plan).await,
        },
        Err(error) => {
            eprintln!("roam-peer: no link: {error}");
            Outcome::NoSession
        }
    }
}
