//! Calls to the counterpart's `Probe`, on a virtual connection of its own.

use std::time::{Duration, Instant};

use roam::{RoamError, Tx, channel};
use tokio::task::JoinSet;

use super::{Outcome, Report, drain, expect, feed};
use crate::peer::Session;
use crate::probe::{Bag, Node, ProbeClient, ProbeError, Wide, window4};
use crate::testbed::TestbedClient;

pub async fn all(report: &mut Report, session: &Session) {
    let mut opened = None;
    report
        .check("open a virtual connection", async {
            // Display, never Debug: the metadata of SessionError::Rejected is freed memory.
            let connection = session
                .open_probe()
                .await
                .map_err(|error| error.to_string())?;
            opened = Some(connection);
            Ok(())
        })
        .await;
    let Some((id, caller)) = opened else { return };
    let probe = ProbeClient::from(caller.clone());
    values(report, &probe).await;
    handlers(report, &probe).await;
    channels(report, &probe).await;
    report
        .check("a method of another service is unknown", async {
            let testbed = TestbedClient::from(caller.clone());
            expect(
                Err(RoamError::UnknownMethod),
                testbed.echo("?".into()).await,
            )
        })
        .await;
    report
        .check("close the virtual connection", async {
            session.close(id).await.map_err(|error| error.to_string())
        })
        .await;
    report
        .check("the root connection goes on", async {
            expect(
                Ok("still here".into()),
                session.testbed.echo("still here".into()).await,
            )
        })
        .await;
}

async fn values(report: &mut Report, probe: &ProbeClient) {
    let every_byte: Vec<u8> = (0..=255).collect();
    for (name, data) in [
        ("none", vec![]),
        ("256", every_byte.clone()),
        ("100 kB", every_byte.repeat(400)),
    ] {
        report
            .check(&format!("echo_bytes {name}"), async {
                expect(Ok(data.clone()), probe.echo_bytes(data).await)
            })
            .await;
    }
    for (name, wide) in [
        ("smallest", smallest()),
        ("largest", largest()),
        ("odd", odd()),
    ] {
        report
            .check(&format!("numbers {name}"), async {
                expect(Ok(wide.clone()), probe.numbers(wide).await)
            })
            .await;
    }
    for (name, opt) in [
        ("none", None),
        ("some none", Some(None)),
        ("some some", Some(Some(0))),
    ] {
        report
            .check(&format!("collections {name}"), async {
                let bag = bag(opt);
                expect(Ok(bag.clone()), probe.collections(bag).await)
            })
            .await;
    }
    let leaf = Node {
        value: 1,
        children: vec![],
    };
    let wide = Node {
        value: u32::MAX,
        children: vec![leaf.clone(); 9],
    };
    let deep = (0..30).fold(leaf.clone(), |node, value| Node {
        value,
        children: vec![node],
    });
    for (name, node, count) in [("of one", leaf, 1), ("wide", wide, 10), ("deep", deep, 31)] {
        report
            .check(&format!("tree {name}"), async {
                expect(Ok(count), probe.tree(node).await)
            })
            .await;
    }
}

async fn handlers(report: &mut Report, probe: &ProbeClient) {
    report
        .check("sleep", async { expect(Ok(20), probe.sleep(20).await) })
        .await;
    report
        .check("ten calls sleep at the same time", async {
            let start = Instant::now();
            let mut calls = JoinSet::new();
            for millis in 300..310 {
                let probe = probe.clone();
                calls.spawn(async move { probe.sleep(millis).await.is_ok() });
            }
            expect(vec![true; 10], calls.join_all().await)?;
            let took = start.elapsed();
            if took < Duration::from_secs(2) {
                Ok(())
            } else {
                Err(format!("took {took:?}"))
            }
        })
        .await;
    report
        .check("a short call overtakes a long one", async {
            tokio::select! {
                biased;
                _ = probe.sleep(2000) => Err("the long one was answered first".into()),
                short = probe.sleep(1) => expect(Ok(1), short),
            }
        })
        .await;
    // Dropping the future of that long call sent no Cancel: the crate never does. So there is
    // no check of cancelling.
    report
        .check("fail is answered with Cancelled", async {
            expect(Err(RoamError::Cancelled), probe.fail().await)
        })
        .await;
    report
        .check("calls go on after fail", async {
            expect(Ok(0), probe.sleep(0).await)
        })
        .await;
}

async fn channels(report: &mut Report, probe: &ProbeClient) {
    // Beyond 2^53, where a float would lose digits.
    for from in [1, (1 << 53) + 1] {
        report
            .check(&format!("count_up from {from}"), async {
                let (tx, rx) = channel();
                let (count, items) = tokio::join!(probe.count_up(from, tx), drain(rx));
                expect(Ok(20), count)?;
                expect(
                    (from..from + 20).collect(),
                    items.map_err(|error| error.to_string())?,
                )
            })
            .await;
    }
    report
        .check("count_up from 0 fails and closes its channel", async {
            let (tx, rx) = channel();
            let (count, items) = tokio::join!(probe.count_up(0, tx), drain(rx));
            expect(
                Err(RoamError::User(ProbeError::TooSmall { least: 1 })),
                count,
            )?;
            expect(vec![], items.map_err(|error| error.to_string())?)
        })
        .await;
    report
        .check("optional with input", optional(probe, 30))
        .await;
    report
        .check("optional without input", async {
            let (output, rx) = channel();
            let (count, items) = tokio::join!(probe.optional(None, output), drain(rx));
            expect(Ok(0), count)?;
            expect(vec![], items.map_err(|error| error.to_string())?)
        })
        .await;
    report
        .check("windowed", async {
            let (tx, rx) = channel();
            let (count, items) = tokio::join!(probe.windowed(narrow(tx)), drain(rx));
            expect(Ok(50), count)?;
            expect((0..50).collect(), items.map_err(|error| error.to_string())?)
        })
        .await;
}

async fn optional(probe: &ProbeClient, count: u32) -> Outcome {
    let (tx, input) = channel();
    let (output, rx) = channel();
    let (answer, fed, items) = tokio::join!(
        probe.optional(Some(input), output),
        feed(tx, 0..count, true),
        drain(rx)
    );
    expect(Ok(count), answer)?;
    fed.map_err(|error| error.to_string())?;
    expect(
        (0..count).map(|i| 2 * i).collect(),
        items.map_err(|error| error.to_string())?,
    )
}

/// `channel()` makes handles with a window of 16 only, and nothing else makes a pair.
fn narrow(tx: Tx<u32>) -> window4::Tx<u32> {
    // SAFETY: the window is a const parameter that no field of `Tx` uses, so both types have the
    // same fields. That their layout is the same too is practice, not promise: the compiler
    // checks the sizes here, the crate's version is pinned, and the `windowed` check would fail.
    unsafe { std::mem::transmute(tx) }
}

fn smallest() -> Wide {
    Wide {
        a: u8::MIN,
        b: u16::MIN,
        c: u32::MIN,
        d: u64::MIN,
        e: u128::MIN,
        f: i8::MIN,
        g: i16::MIN,
        h: i32::MIN,
        i: i64::MIN,
        j: i128::MIN,
        k: f32::MIN,
        l: f64::MIN,
        m: false,
        n: '\0',
    }
}

fn largest() -> Wide {
    Wide {
        a: u8::MAX,
        b: u16::MAX,
        c: u32::MAX,
        d: u64::MAX,
        e: u128::MAX,
        f: i8::MAX,
        g: i16::MAX,
        h: i32::MAX,
        i: i64::MAX,
        j: i128::MAX,
        k: f32::MAX,
        l: f64::MAX,
        m: true,
        n: char::MAX,
    }
}

/// The floats that comparisons get wrong, and -1 where zigzag turns.
fn odd() -> Wide {
    Wide {
        a: 128,
        b: 128,
        c: 1 << 28,
        d: 1 << 63,
        e: 1 << 127,
        f: -1,
        g: -1,
        h: -1,
        i: -1,
        j: -1,
        k: -0.0,
        l: f64::NAN,
        m: true,
        n: 'é',
    }
}

fn bag(opt: Option<Option<u8>>) -> Bag {
    Bag {
        list: vec!["".into(), "日本".into()],
        map: [("b".into(), 2), ("a".into(), u32::MAX)].into(),
        set: [300, 1, 20].into(),
        opt,
        tuple: (255, "pair".into()),
        arr: [0, 256, 65535],
        bytes: vec![0, 255, 127],
        unit: (),
    }
}
