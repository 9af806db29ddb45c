//! The command line.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use crate::faults::Faults;
use crate::link::Kind;
use crate::peer::{Plan, Role, Work};
use crate::soak;
use crate::stable::Settings;

pub const USAGE: &str = "\
usage: roam-peer listen --link tcp|unix|ws --addr ADDR [--once] [WORK] [--conduit bare|stable] [STABLE]
       roam-peer listen --link tcp|unix|ws --addr ADDR [--once] --relay TCP_ADDR
       roam-peer dial   --link tcp|unix|ws --addr ADDR [WORK] [--conduit bare|stable] [STABLE]
       roam-peer stdio  --role initiator|acceptor [WORK]
       roam-peer decode                  answers lines of TYPE HEX: see src/decode.rs
       roam-peer help

It serves Testbed and Soak on the root, Probe and Soak on virtual connections; see src/*.rs.
A listener serves any number of sessions (--once: ends with the first that comes about) and does
WORK in the first one; with --conduit stable it speaks nothing else. Lines of JSON go to standard error.

With --relay it serves nothing: each session is passed on to the peer at TCP_ADDR, call by call and
with the metadata that may go on; see src/relay.rs.

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
                    "listen" if flag == "--once" => {
                        given.once = true;
                        true
                    }
                    "listen" if flag == "--relay" => {
                        given.relay = Some(value.number()?);
                        true
                    }
                    "listen" | "dial" => given.take_socket(&flag, &mut value)?,
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
