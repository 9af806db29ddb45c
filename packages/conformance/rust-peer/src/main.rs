//! Conformance peer: `Testbed` and `Probe` on the published Roam 7.3 crates.
//!
//! Standard output carries the `listening` line, or the link of `stdio`; everything else goes
//! to standard error. Exit status: 0 all well, 1 a check failed or no session came about, 2 usage.

mod checks;
mod link;
mod options;
mod peer;
mod probe;
mod stable;
mod testbed;

use std::io;
use std::process::exit;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::spawn_local;
use tokio::time::timeout;

use link::{Listener, OpenLinks, Socket, Wire};
use options::{Command, Conduit, Options};
use peer::{Plan, Role};

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
    let succeeded = run(options, open).await.unwrap_or_else(|error| {
        eprintln!("roam-peer: {error}");
        false
    });
    let _ = timeout(FLUSH_LIMIT, closed.recv()).await;
    // Not a return: the thread that reads standard input cannot be interrupted.
    exit(if succeeded { 0 } else { 1 });
}

async fn run(options: Options, open: OpenLinks) -> io::Result<bool> {
    let call = options.call;
    match (options.command, options.conduit) {
        (Command::Listen { kind, addr, once }, conduit) => {
            let listener = Listener::bind(kind, &addr).await?;
            println!("listening {}", listener.address());
            match conduit {
                Conduit::Bare => listen(listener, call, once, open).await,
                Conduit::Stable => stable::listen(listener, call, once, open).await,
            }
        }
        (Command::Dial { kind, addr }, Conduit::Bare) => {
            let socket = Socket::connect(kind, &addr).await?;
            Ok(serve(
                socket.into_wire(Role::Initiator, open).await?,
                Plan::hang_up(Role::Initiator, call),
            )
            .await)
        }
        (Command::Dial { kind, addr }, Conduit::Stable) => {
            Ok(stable::dial(kind, addr, Plan::hang_up(Role::Initiator, call), open).await)
        }
        (Command::Stdio { role }, _) => {
            Ok(serve(Wire::stdio(open), Plan::hang_up(role, call)).await)
        }
    }
}

async fn listen(listener: Listener, call: bool, once: bool, open: OpenLinks) -> io::Result<bool> {
    let mut plan = Plan::stay(Role::Acceptor, call);
    loop {
        let socket = listener.accept().await?;
        let session = spawn_local(accept(socket, plan, open.clone()));
        if once {
            return session.await.map_err(io::Error::other);
        }
        // Only the first session makes calls.
        plan.call = false;
    }
}

async fn accept(socket: Socket, plan: Plan, open: OpenLinks) -> bool {
    match socket.into_wire(Role::Acceptor, open).await {
        Ok(wire) => serve(wire, plan).await,
        Err(error) => {
            eprintln!("roam-peer: no link: {error}");
            false
        }
    }
}

async fn serve(wire: Wire, plan: Plan) -> bool {
    match wire {
        Wire::Stream(link) => peer::run(link, plan).await,
        Wire::Ws(link) => peer::run(link, plan).await,
    }
}
