//! The command line.

use crate::link::Kind;
use crate::peer::Role;

pub const USAGE: &str = "\
usage: roam-peer listen --link tcp|unix|ws --addr ADDR [--call] [--once] [--conduit bare|stable]
       roam-peer dial   --link tcp|unix|ws --addr ADDR [--call] [--conduit bare|stable]
       roam-peer stdio  --role initiator|acceptor [--call]";

#[derive(Debug)]
pub struct Options {
    pub command: Command,
    /// Also call the counterpart.
    pub call: bool,
    pub conduit: Conduit,
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
    Stdio {
        role: Role,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Conduit {
    Bare,
    Stable,
}

impl Options {
    pub fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let command = args.next().ok_or("no command")?;
        let (mut kind, mut addr, mut role, mut conduit) = (None, None, None, Conduit::Bare);
        let (mut call, mut once) = (false, false);
        while let Some(flag) = args.next() {
            let mut value = || args.next().ok_or(format!("{flag} needs a value"));
            match (flag.as_str(), command.as_str()) {
                ("--call", _) => call = true,
                ("--once", "listen") => once = true,
                ("--link", "listen" | "dial") => kind = Some(link_kind(&value()?)?),
                ("--addr", "listen" | "dial") => addr = Some(value()?),
                ("--conduit", "listen" | "dial") => conduit = conduit_kind(&value()?)?,
                ("--role", "stdio") => role = Some(role_name(&value()?)?),
                _ => return Err(format!("{command} does not take {flag}")),
            }
        }
        if conduit == Conduit::Stable && kind == Some(Kind::Ws) {
            return Err("--conduit stable is for stream links only (tcp, unix)".into());
        }
        let kind = kind.ok_or("--link is missing");
        let addr = addr.ok_or("--addr is missing");
        let command = match command.as_str() {
            "listen" => Command::Listen {
                kind: kind?,
                addr: addr?,
                once,
            },
            "dial" => Command::Dial {
                kind: kind?,
                addr: addr?,
            },
            "stdio" => Command::Stdio {
                role: role.ok_or("--role is missing")?,
            },
            other => return Err(format!("unknown command {other}")),
        };
        Ok(Self {
            command,
            call,
            conduit,
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

fn conduit_kind(name: &str) -> Result<Conduit, String> {
    match name {
        "bare" => Ok(Conduit::Bare),
        "stable" => Ok(Conduit::Stable),
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
