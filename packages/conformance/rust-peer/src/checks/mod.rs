//! Calls to the counterpart, each with what must come of it.

mod probe;
mod testbed;

use std::fmt::Debug;
use std::time::Duration;

use facet::Facet;
use roam::{Rx, RxError, Tx, TxError};
use tokio::time::timeout;

use crate::peer::Session;

const LIMIT: Duration = Duration::from_secs(5);
/// Characters of a value in `detail`.
const DETAIL_CHARS: usize = 300;

/// Err says what was wrong.
type Outcome = Result<(), String>;

/// Checks the counterpart's services. True if all is well.
pub async fn run(session: &Session) -> bool {
    let mut report = Report::default();
    // Without this, every check left after the session's end would wait for its time-out: calls
    // on a connection that is gone are never answered.
    let ended = tokio::select! {
        () = session.ended() => true,
        () = all(session, &mut report) => false,
    };
    if ended {
        report.record(
            "the session lasts",
            Err("it ended before the checks did".into()),
        );
    }
    let Report { passed, failed } = report;
    eprintln!(r#"{{"done":true,"passed":{passed},"failed":{failed}}}"#);
    failed == 0
}

async fn all(session: &Session, report: &mut Report) {
    testbed::unary(report, &session.testbed).await;
    testbed::channels(report, &session.testbed).await;
    probe::all(report, session).await;
}

#[derive(Default)]
struct Report {
    passed: usize,
    failed: usize,
}

impl Report {
    async fn check(&mut self, name: &str, outcome: impl Future<Output = Outcome>) {
        let outcome = timeout(LIMIT, outcome).await;
        self.record(name, outcome.unwrap_or_else(|_| Err("timeout".into())));
    }

    fn record(&mut self, name: &str, outcome: Outcome) {
        let name = json(name);
        match outcome {
            Ok(()) => {
                self.passed += 1;
                eprintln!(r#"{{"check":{name},"ok":true}}"#);
            }
            Err(detail) => {
                self.failed += 1;
                let detail = json(&detail);
                eprintln!(r#"{{"check":{name},"ok":false,"detail":{detail}}}"#);
            }
        }
    }
}

/// Compares by what `Debug` prints: `RoamError` has no `PartialEq`, and -0.0 and NaN count.
fn expect<T: Debug>(expected: T, got: T) -> Outcome {
    let (expected, got) = (format!("{expected:?}"), format!("{got:?}"));
    if expected == got {
        return Ok(());
    }
    let cut = |text: &str| text.chars().take(DETAIL_CHARS).collect::<String>();
    Err(format!("expected {} got {}", cut(&expected), cut(&got)))
}

/// Sends all items. With `close` false the channel is closed by dropping the handle.
async fn feed<T: Facet<'static>>(
    tx: Tx<T>,
    items: impl IntoIterator<Item = T>,
    close: bool,
) -> Result<(), TxError> {
    for item in items {
        tx.send(item).await?;
    }
    if close {
        tx.close(vec![]).await
    } else {
        Ok(())
    }
}

/// Receives until the channel closes.
async fn drain<T: Facet<'static> + Clone>(mut rx: Rx<T>) -> Result<Vec<T>, RxError> {
    let mut items = vec![];
    while let Some(item) = rx.recv().await? {
        items.push(item.clone());
    }
    Ok(items)
}

pub fn json(text: &str) -> String {
    let mut out = String::from('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => out.extend(['\\', char]),
            '\0'..='\x1f' => out.push_str(&format!("\\u{:04x}", char as u32)),
            _ => out.push(char),
        }
    }
    out + "\""
}
