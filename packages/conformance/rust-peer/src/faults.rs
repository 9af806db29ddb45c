//! Faults on purpose, and the count of what happened.

use std::sync::atomic::{AtomicU64, Ordering};

/// See [`crate::options::USAGE`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    pub cut_every: Option<u64>,
    pub burn_seq: Option<u64>,
    pub swap_seq: Option<u64>,
    pub late_writes: bool,
    pub fragile: bool,
}

/// What happened on all links of a session.
#[derive(Default)]
pub struct Tally {
    links: AtomicU64,
    cuts: AtomicU64,
    /// Since the last cut.
    payloads: AtomicU64,
    /// Asked for, replays not counted.
    frames: AtomicU64,
    /// Written, replays not counted.
    written: AtomicU64,
}

impl Tally {
    pub fn link(&self) {
        self.links.fetch_add(1, Ordering::Relaxed);
        self.payloads.store(0, Ordering::Relaxed);
    }

    pub fn is_cut_due(&self, faults: &Faults) -> bool {
        let payloads = self.payloads.fetch_add(1, Ordering::Relaxed) + 1;
        let is_due = faults.cut_every.is_some_and(|every| payloads == every);
        if is_due {
            self.cuts.fetch_add(1, Ordering::Relaxed);
        }
        is_due
    }

    pub fn is_burnt(&self, faults: &Faults) -> bool {
        let frames = self.frames.fetch_add(1, Ordering::Relaxed);
        faults.burn_seq == Some(frames)
    }

    pub fn is_overtaken(&self, faults: &Faults) -> bool {
        let written = self.written.fetch_add(1, Ordering::Relaxed);
        faults.swap_seq == Some(written)
    }

    /// One line of JSON.
    pub fn report(&self) -> String {
        let links = self.links.load(Ordering::Relaxed);
        let cuts = self.cuts.load(Ordering::Relaxed);
        format!(r#"{{"session":"over","links":{links},"cutHere":{cuts}}}"#)
    }
}
