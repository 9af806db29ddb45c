//! The `Soak` service: one-way streams of any length. Served on the root connection beside
//! `Testbed`, and on virtual connections that ask for `Soak`.
//!
//! Item i of a stream, from 0: i as u64 LE, then i mod 256 in every byte up to the stream's item
//! size, which is at least 8. Each stream, made or served, is told in a line of JSON on standard
//! error (see [`Stream::report`]). The same service in TypeScript, for
//! `serve(url, Soak, handlers)` or `connect(url, Soak)`:
//!
//! ```ts
//! const Soak = service("Soak", {
//!   push: method({ items: t.rx(t.bytes) }, t.u64),
//!   pull: method({ count: t.u64, bytes: t.u32, out: t.tx(t.bytes) }, t.unit),
//! });
//!
//! function soakItem(sequence: bigint, bytes: number): Uint8Array {
//!   const item = new Uint8Array(bytes).fill(Number(sequence & 0xffn));
//!   new DataView(item.buffer).setBigUint64(0, sequence, true);
//!   return item;
//! }
//!
//! const handlers: HandlersOf<typeof Soak> = {
//!   async push({ items }) {
//!     let count = 0n;
//!     for await (const item of items) {
//!       const sequence = new DataView(item.buffer, item.byteOffset).getBigUint64(0, true);
//!       if (sequence !== count++) throw new Error(`item ${sequence} is out of place`);
//!     }
//!     return count;
//!   },
//!   async pull({ count, bytes, out }) {
//!     for (let sequence = 0n; sequence < count; sequence++) await out.send(soakItem(sequence, bytes));
//!     await out.close();
//!   },
//! };
//! ```

use std::fmt::Display;
use std::time::Instant;

use roam::{Rx, Tx, channel};

use crate::checks::json;

const SEQUENCE_BYTES: usize = size_of::<u64>();

#[roam::service]
pub trait Soak {
    /// Takes a stream. Returns how many items came in order and whole: it stops at the first that
    /// did not, and so says fewer than were sent.
    async fn push(&self, items: Rx<Vec<u8>>) -> u64;
    /// Sends a stream of `count` items of `bytes` each, and closes it.
    async fn pull(&self, count: u64, bytes: u32, out: Tx<Vec<u8>>);
}

#[derive(Clone)]
pub struct SoakHandler;

impl Soak for SoakHandler {
    async fn push(&self, items: Rx<Vec<u8>>) -> u64 {
        let mut stream = Stream::start("receive", "serve");
        let outcome = stream.receive(items).await;
        stream.report(outcome);
        stream.items
    }

    async fn pull(&self, count: u64, bytes: u32, out: Tx<Vec<u8>>) {
        let mut stream = Stream::start("send", "serve");
        let outcome = stream.send(out, count, bytes).await;
        stream.report(outcome);
    }
}

/// Streams to ask a counterpart for, at the same time; 0 bytes for none.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    pub send_bytes: u64,
    pub receive_bytes: u64,
    pub item_bytes: u32,
}

/// Calls the counterpart's `Soak`. True if all arrived, in order.
pub async fn run(soak: &SoakClient, order: Order) -> bool {
    let Order {
        send_bytes,
        receive_bytes,
        item_bytes,
    } = order;
    let count = |bytes: u64| bytes.div_ceil(item_bytes.into());
    let (sent, received) = tokio::join!(
        push(soak, count(send_bytes), item_bytes),
        pull(soak, count(receive_bytes), item_bytes)
    );
    sent && received
}

async fn push(soak: &SoakClient, count: u64, item_bytes: u32) -> bool {
    if count == 0 {
        return true;
    }
    let mut stream = Stream::start("send", "call");
    let (items, taken) = channel();
    // The call first: it binds the channel.
    let (told, sent) = tokio::join!(soak.push(taken), stream.send(items, count, item_bytes));
    let outcome = sent.and_then(|()| match told {
        Ok(told) if told == count => Ok(()),
        Ok(told) => Err(format!("{told} of {count} items arrived in order")),
        Err(error) => Err(format!("push: {error:?}")),
    });
    stream.report(outcome)
}

async fn pull(soak: &SoakClient, count: u64, item_bytes: u32) -> bool {
    if count == 0 {
        return true;
    }
    let mut stream = Stream::start("receive", "call");
    stream.item_bytes = Some(item_bytes as usize);
    let (given, items) = channel();
    let (told, received) = tokio::join!(soak.pull(count, item_bytes, given), stream.receive(items));
    let outcome = received.and(told.map_err(|error| format!("pull: {error:?}")));
    let outcome = outcome.and(if stream.items == count {
        Ok(())
    } else {
        Err(format!("{} of {count} items arrived", stream.items))
    });
    stream.report(outcome)
}

/// What is known of a stream so far.
struct Stream {
    /// `send` or `receive`, as seen from here.
    direction: &'static str,
    /// `call` or `serve`: who asked for it.
    by: &'static str,
    started: Instant,
    items: u64,
    bytes: u64,
    /// Not told to the receiver of a `push`: the first item shows it.
    item_bytes: Option<usize>,
}

impl Stream {
    fn start(direction: &'static str, by: &'static str) -> Self {
        Self {
            direction,
            by,
            started: Instant::now(),
            items: 0,
            bytes: 0,
            item_bytes: None,
        }
    }

    async fn send(&mut self, out: Tx<Vec<u8>>, count: u64, bytes: u32) -> Result<(), String> {
        let length = SEQUENCE_BYTES.max(bytes as usize);
        while self.items < count {
            let mut item = vec![self.items as u8; length];
            item[..SEQUENCE_BYTES].copy_from_slice(&self.items.to_le_bytes());
            out.send(item).await.map_err(describe("send"))?;
            self.items += 1;
            self.bytes += length as u64;
        }
        out.close(vec![]).await.map_err(describe("close"))
    }

    async fn receive(&mut self, mut items: Rx<Vec<u8>>) -> Result<(), String> {
        while let Some(item) = items.recv().await.map_err(describe("receive"))? {
            self.check(&item)?;
            self.items += 1;
            self.bytes += item.len() as u64;
        }
        Ok(())
    }

    fn check(&mut self, item: &[u8]) -> Result<(), String> {
        let Some((sequence, filling)) = item.split_first_chunk() else {
            return Err(format!("an item of {} bytes", item.len()));
        };
        let (sequence, expected) = (u64::from_le_bytes(*sequence), self.items);
        if sequence != expected {
            return Err(format!("item {sequence} in the place of {expected}"));
        }
        if *self.item_bytes.get_or_insert(item.len()) != item.len() {
            return Err(format!("item {sequence} has {} bytes", item.len()));
        }
        if filling.iter().any(|byte| *byte != sequence as u8) {
            return Err(format!("item {sequence} has other bytes than were sent"));
        }
        Ok(())
    }

    /// Prints the line. True if all is well.
    fn report(&self, outcome: Result<(), String>) -> bool {
        let Self {
            direction,
            by,
            items,
            bytes,
            ..
        } = self;
        let seconds = self.started.elapsed().as_secs_f64();
        let peak = peak_rss_bytes();
        let (ok, error) = match outcome {
            Ok(()) => (true, String::new()),
            Err(error) => (false, format!(r#","error":{}"#, json(&error))),
        };
        eprintln!(
            r#"{{"soak":"{direction}","by":"{by}","ok":{ok},"items":{items},"bytes":{bytes},"seconds":{seconds:.3},"peakRssBytes":{peak}{error}}}"#
        );
        ok
    }
}

fn describe<E: Display>(what: &'static str) -> impl Fn(E) -> String {
    move |error| format!("{what}: {error}")
}

/// Of the whole process, since its start; 0 where `/proc` does not tell.
fn peak_rss_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kibibytes
        .and_then(|text| text.parse::<u64>().ok())
        .unwrap_or(0)
        * 1024
}
