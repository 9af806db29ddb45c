//! The command line.

use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::faults::Faults;
use crate::link::Kind;
use crate::peer::{Plan, Role, Work};
use crate::shm::{Flood, GuestSettings, HostSettings, Inherited};
use crate::soak;
use crate::stable::Settings;

pub const USAGE: &str = "\
usage: roam-peer listen --link tcp|unix|ws --addr ADDR [--once] [WORK] [--conduit bare|stable] [STABLE]
       roam-peer listen --link tcp|unix|ws --addr ADDR [--once] --relay TCP_ADDR
       roam-peer dial   --link tcp|unix|ws --addr ADDR [WORK] [--conduit bare|stable] [STABLE]
       roam-peer stdio  --role initiator|acceptor [WORK]
       roam-peer shm-host --segment PATH --control PATH [--guests N] [--ring BYTES] [--max-payload BYTES]
                      [--inline BYTES] [--classes SIZExCOUNT,...] [--once] [WORK] [FLOOD] [-- COMMAND ARGS...]
       roam-peer shm-guest --control PATH [--sid TEXT] [WORK] [FLOOD]
       roam-peer shm-inherited --segment PATH --peer N --doorbell FD --mmap-rx FD --mmap-tx FD [WORK] [FLOOD]
       roam-peer decode                  answers lines of TYPE HEX: see src/decode.rs
       roam-peer help

It serves Testbed and Soak on the root, Probe and Soak on virtual connections; see src/*.rs.
A listener serves any number of sessions (--once: ends with the first that comes about) and does
WORK in the first one; with --conduit stable it speaks nothing else. Lines of JSON go to standard error.

With --relay it serves nothing: each session is passed on to the peer at TCP_ADDR, call by call and
with the metadata that may go on; see src/relay.rs.

In shared memory the guest is the initiator. A host hands out places at the control socket; it tells
of each guest that is gone by a line of JSON. COMMAND is started as the first guest, with the variables
of the subject's mode shm-server.

FLOOD, instead of a session: --flood N payloads each way at once, numbered, of --flood-bytes B (24) or,
with --flood-mix, of several sizes; a line of JSON tells what came.

WORK, what to do besides serving:
  --keepalive-ms N       ping this often, with any conduit; never otherwise, as is the crate's way
  --call                 check the counterpart's Testbed and Probe; a line of JSON for each check
  --soak-send BYTES      push a stream of this many bytes to the counterpart's Soak
  --soak-receive BYTES   pull one from it; both at the same time if both are given. A line of JSON
                         for each stream, made or served
  --soak-item BYTES      the size of an item of those streams (65536)

STABLE, how to use the stable conduit; when a session is over a line of JSON tells how many links it
had:
  --resume-window-ms N   how long a session waits for its next link, and how long a dialler tries
                         to dial it and to shake hands on it (2000)
  --cut-every N          cut each link when N payloads went through, either way; payloads of this
                         side's handshake and replay do not count, and are never cut into

STABLE, what 7.3 really does (each is a fault; the peer helps the crate to avoid it otherwise):
  --forget               accept any resume key as a new session, like a server that lost its state;
                         an unknown key is rejected otherwise, which the crate itself never does
  --fragile              no second handshake, and a link that ends within handshake or replay ends
                         the session
  --late-writes          links take what is written after their end: such a frame is missing from
                         the replay that is being prepared, and leaves a gap until the next one
  --cancel-recv          let the session cancel recv of the conduit, as it does whenever a connection
                         is opened, closed or dropped here, and at each tick of its keepalive: that
                         loses the receiving half of a link, which stays open and is read no more.
                         A listener then waits for the counterpart to notice and to dial again
  --burn-seq N           the frame with about this number (counted from 0, replays not counted)
                         fails after it got its number: a hole that is never filled
  --swap-seq N           about this frame goes out after the next one, as with a sender that has
                         several threads";

#[derive(Debug)]
pub struct Options {
    pub command: Command,
    pub plan: Plan,
    /// None: the bare conduit.
    pub stable: Option<Settings>,
}

#[derive(Debug)]
pub enum Command {
    Listen {
        kind: Kind,
        addr: String,
        once: bool,
    },
    Dial {
        kind: Kind,
        addr: String,
    },
    Stdio,
    ShmHost(HostSettings),
    ShmGuest(GuestSettings),
    ShmInherited(Inherited),
    Decode,
    Help,
}

const RESUME_WINDOW: Duration = Duration::from_millis(2000);
const SOAK_ITEM_BYTES: u32 = 65_536;

/// What was given so far.
struct Given {
    kind: Option<Kind>,
    addr: Option<String>,
    role: Option<Role>,
    once: bool,
    call: bool,
    soak: soak::Order,
    keepalive: Option<Duration>,
    relay: Option<SocketAddr>,
    is_stable: bool,
    stable: Settings,
    shm: GivenShm,
}

/// What was given for shared memory.
#[derive(Default)]
struct GivenShm {
    segment: Option<PathBuf>,
    control: Option<PathBuf>,
    sid: Option<String>,
    guests: Option<u8>,
    ring: Option<u32>,
    max_payload: Option<u32>,
    inline: Option<u32>,
    classes: Option<Vec<(u32, u32)>>,
    peer: Option<u8>,
    doorbell: Option<RawFd>,
    mmap_rx: Option<RawFd>,
    mmap_tx: Option<RawFd>,
    flood: Option<u32>,
    flood_bytes: Option<usize>,
    flood_mix: bool,
    command: Vec<String>,
}

impl GivenShm {
    fn take(&mut self, flag: &str, value: &mut Value<'_>) -> Result<bool, String> {
        match flag {
            "--segment" => self.segment = Some(value.text()?.into()),
            "--control" => self.control = Some(value.text()?.into()),
            "--sid" => self.sid = Some(value.text()?),
            "--guests" => self.guests = Some(value.number()?),
            "--ring" => self.ring = Some(value.number()?),
            "--max-payload" => self.max_payload = Some(value.number()?),
            "--inline" => self.inline = Some(value.number()?),
            "--classes" => self.classes = Some(classes(&value.text()?)?),
            "--peer" => self.peer = Some(value.number()?),
            "--doorbell" => self.doorbell = Some(value.number()?),
            "--mmap-rx" => self.mmap_rx = Some(value.number()?),
            "--mmap-tx" => self.mmap_tx = Some(value.number()?),
            "--flood" => self.flood = Some(value.number()?),
            "--flood-bytes" => self.flood_bytes = Some(value.number()?),
            "--flood-mix" => self.flood_mix = true,
            "--" => self.command = value.args.collect(),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn flood(&self) -> Option<Flood> {
        self.flood.map(|count| Flood {
            count,
            bytes: self.flood_bytes.unwrap_or(24),
            is_mixed: self.flood_mix,
        })
    }

    fn command(self, name: &str, once: bool) -> Result<Command, String> {
        let flood = self.flood();
        let segment = self.segment.ok_or("--segment is missing");
        let control = self.control.ok_or("--control is missing");
        Ok(match name {
            "shm-host" => Command::ShmHost(HostSettings {
                segment: segment?,
                control: control?,
                guests: self.guests.unwrap_or(4),
                ring: self.ring.unwrap_or(65_536),
                max_payload: self.max_payload.unwrap_or(16 << 20),
                inline: self.inline.unwrap_or(256),
                classes: self
                    .classes
                    .unwrap_or_else(|| vec![(4096, 64), (65_536, 16), (1 << 20, 8)]),
                once,
                flood,
                command: self.command,
            }),
            "shm-guest" => Command::ShmGuest(GuestSettings {
                control: control?,
                sid: self.sid.unwrap_or_else(|| "sid".into()),
                flood,
            }),
            _ => Command::ShmInherited(Inherited {
                segment: segment?,
                peer: self.peer.ok_or("--peer is missing")?,
                doorbell: self.doorbell.ok_or("--doorbell is missing")?,
                mmap_rx: self.mmap_rx.ok_or("--mmap-rx is missing")?,
                mmap_tx: self.mmap_tx.ok_or("--mmap-tx is missing")?,
                flood,
            }),
        })
    }
}

/// `4096x64,65536x16`
fn classes(text: &str) -> Result<Vec<(u32, u32)>, String> {
    let class = |one: &str| {
        let (size, count) = one.split_once('x')?;
        Some((size.parse().ok()?, count.parse().ok()?))
    };
    text.split(',')
        .map(|one| class(one).ok_or_else(|| format!("{one}: no class")))
        .collect()
}

impl Given {
    fn nothing() -> Self {
        Self {
            kind: None,
            addr: None,
            role: None,
            once: false,
            call: false,
            soak: soak::Order {
                send_bytes: 0,
                receive_bytes: 0,
                item_bytes: SOAK_ITEM_BYTES,
            },
            keepalive: None,
            relay: None,
            is_stable: false,
            stable: Settings {
                resume_window: RESUME_WINDOW,
                forget: false,
                cancel_recv: false,
                faults: Faults::default(),
            },
            shm: GivenShm::default(),
        }
    }

    /// What a flag of any command says. False if it is none.
    fn take(&mut self, flag: &str, value: &mut Value<'_>) -> Result<bool, String> {
        match flag {
            "--call" => self.call = true,
            "--soak-send" => self.soak.send_bytes = value.number()?,
            "--soak-receive" => self.soak.receive_bytes = value.number()?,
            "--soak-item" => self.soak.item_bytes = value.number()?,
            "--keepalive-ms" => self.keepalive = Some(value.millis()?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// What a flag of `listen` and `dial` says. False if it is none.
    fn take_socket(&mut self, flag: &str, value: &mut Value<'_>) -> Result<bool, String> {
        let Settings { faults, .. } = &mut self.stable;
        match flag {
            "--link" => self.kind = Some(link_kind(&value.text()?)?),
            "--addr" => self.addr = Some(value.text()?),
            "--conduit" => self.is_stable = is_stable(&value.text()?)?,
            "--resume-window-ms" => self.stable.resume_window = value.millis()?,
            "--cut-every" => faults.cut_every = Some(value.number()?),
            "--forget" => self.stable.forget = true,
            "--fragile" => faults.fragile = true,
            "--late-writes" => faults.late_writes = true,
            "--cancel-recv" => self.stable.cancel_recv = true,
            "--burn-seq" => faults.burn_seq = Some(value.number()?),
            "--swap-seq" => faults.swap_seq = Some(value.number()?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn work(&self) -> Result<Work, String> {
        let is_soak = self.soak.send_bytes > 0 || self.soak.receive_bytes > 0;
        match (self.call, is_soak) {
            (true, true) => Err("--call and a soak exclude each other".into()),
            (true, false) => Ok(Work::Checks),
            (false, true) if self.soak.item_bytes == 0 => Err("items of no bytes".into()),
            (false, true) => Ok(Work::Soak(self.soak)),
            (false, false) => Ok(Work::None),
        }
    }
}

/// What comes after a flag.
struct Value<'a> {
    flag: &'a str,
    args: &'a mut dyn Iterator<Item = String>,
}

impl Value<'_> {
    fn text(&mut self) -> Result<String, String> {
        let Self { flag, args } = self;
        args.next().ok_or_else(|| format!("{flag} needs a value"))
    }

    fn number<N: FromStr>(&mut self) -> Result<N, String> {
        let text = self.text()?;
        text.parse()
            .map_err(|_| format!("{} {text}: no number, or none that it takes", self.flag))
    }

    fn millis(&mut self) -> Result<Duration, String> {
        self.number().map(Duration::from_millis)
    }
}

impl Options {
    pub fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let name = args.next().ok_or("no command")?;
        let mut given = Given::nothing();
        while let Some(flag) = args.next() {
            let mut value = Value {
                flag: &flag,
                args: &mut args,
            };
            let is_taken = given.take(&flag, &mut value)?
                || match name.as_str() {
                    "listen" | "shm-host" if flag == "--once" => {
                        given.once = true;
                        true
                    }
                    "listen" if flag == "--relay" => {
                        given.relay = Some(value.number()?);
                        true
                    }
                    "listen" | "dial" => given.take_socket(&flag, &mut value)?,
                    "shm-host" | "shm-guest" | "shm-inherited" => {
                        given.shm.take(&flag, &mut value)?
                    }
                    "stdio" if flag == "--role" => {
                        given.role = Some(role_name(&value.text()?)?);
                        true
                    }
                    _ => false,
                };
            if !is_taken {
                return Err(format!("{name} does not take {flag}"));
            }
        }
        let work = given.work()?;
        if given.relay.is_some() && (given.is_stable || !matches!(work, Work::None)) {
            return Err("--relay is for sessions on the bare conduit, and does no WORK".into());
        }
        let kind = given.kind.ok_or("--link is missing");
        let addr = given.addr.ok_or("--addr is missing");
        let once = given.once;
        let (command, role, stays) = match name.as_str() {
            "listen" => {
                let (kind, addr) = (kind?, addr?);
                (Command::Listen { kind, addr, once }, Role::Acceptor, true)
            }
            "dial" => {
                let (kind, addr) = (kind?, addr?);
                (Command::Dial { kind, addr }, Role::Initiator, false)
            }
            "stdio" => (
                Command::Stdio,
                given.role.ok_or("--role is missing")?,
                false,
            ),
            "shm-host" => {
                let stays = given.shm.command.is_empty();
                (given.shm.command(&name, once)?, Role::Acceptor, stays)
            }
            "shm-guest" | "shm-inherited" => {
                (given.shm.command(&name, once)?, Role::Initiator, false)
            }
            "decode" => (Command::Decode, Role::Initiator, false),
            "help" | "--help" => (Command::Help, Role::Initiator, false),
            other => return Err(format!("unknown command {other}")),
        };
        Ok(Self {
            command,
            plan: Plan {
                role,
                work,
                hang_up: !stays && !matches!(work, Work::None),
                keepalive: given.keepalive,
                relay: given.relay,
            },
            stable: given.is_stable.then_some(given.stable),
        })
    }
}

fn link_kind(name: &str) -> Result<Kind, String> {
    match name {
        "tcp" => Ok(Kind::Tcp),
        "unix" => Ok(Kind::Unix),
        "ws" => Ok(Kind::Ws),
        other => Err(format!("unknown link {other}")),
    }
}

fn is_stable(conduit: &str) -> Result<bool, String> {
    match conduit {
        "bare" => Ok(false),
        "stable" => Ok(true),
        other => Err(format!("unknown conduit {other}")),
    }
}

fn role_name(name: &str) -> Result<Role, String> {
    match name {
        "initiator" => Ok(Role::Initiator),
        "acceptor" => Ok(Role::Acceptor),
        other => Err(format!("unknown role {other}")),
    }
}
