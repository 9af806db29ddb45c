//! Values written down here. Of some forms the crate's decoder makes none, so a seed is no use.

use std::borrow::Cow;
use std::time::Duration;

use departures::{Cache, Celsius, Flattened, Named, Reading, Skipped, WithOpaque};
use facet::Facet;
use facet_postcard::to_vec;
use forms::attributes::{AdjacentlyTagged, InternallyTagged, Untagged};
use forms::enums::Forms;
use forms::std_types::{Backoff, Lease};
use wild::borrowed::{Cows, Inner, Ranged};

/// Bytes of a value that a method takes or returns.
pub struct Written {
    /// `Service.method`.
    pub method: &'static str,
    pub is_returned: bool,
    pub bytes: Vec<u8>,
}

pub fn values() -> Vec<Written> {
    let lease = Lease {
        name: "door".into(),
        time_to_live: Duration::from_millis(1500),
        grace: Some(Duration::ZERO),
    };
    let between = Backoff::Between {
        least: Duration::from_nanos(1),
        most: Duration::MAX,
    };
    vec![
        taken("Attributes.internally", &(InternallyTagged::One { a: 7 },)),
        returned(
            "Attributes.internally",
            &InternallyTagged::Two { b: "x".into() },
        ),
        taken("Attributes.adjacently", &(AdjacentlyTagged::One(7),)),
        returned("Attributes.adjacently", &AdjacentlyTagged::Two),
        taken("Attributes.untagged", &(Untagged::Number(300),)),
        returned("Attributes.untagged", &Untagged::Text("x".into())),
        taken("Enums.forms", &(Forms::EmptyTuple(),)),
        returned(
            "Enums.forms",
            &Forms::OfSelf(vec![Forms::EmptyTuple(), Forms::EmptyStruct {}]),
        ),
        taken("Leases.acquire", &(lease,)),
        returned("Leases.acquire", &Err::<Duration, _>(between)),
        taken(
            "Hidden.skipped",
            &(Skipped {
                kept: 1,
                skipped: 2,
                not_written: 3,
                not_read: 4,
                if_some: None,
                truthy: 0,
                last: 9,
            },),
        ),
        returned(
            "Hidden.skipped",
            &Skipped {
                if_some: Some(5),
                truthy: 6,
                ..Skipped::default()
            },
        ),
        taken(
            "Hidden.with_opaque",
            &(WithOpaque {
                kept: 7,
                cache: Cache { hits: 8 },
            },),
        ),
        taken("Hidden.celsius", &(Celsius(1.5),)),
        returned("Hidden.celsius", &Some(Celsius(-2.0))),
        taken(
            "Hidden.reading",
            &(Reading {
                at: 1,
                inside: Celsius(2.5),
                outside: Celsius(3.5),
            },),
        ),
        returned(
            "Hidden.flattened",
            &Flattened {
                before: 1,
                inner: Named {
                    a: 2,
                    b: "x".into(),
                },
                after: 3,
            },
        ),
        taken("Hidden.utf8_path", &(camino::Utf8PathBuf::from("a/ß"),)),
        taken("Edge.by_reference", &("name", String::from("note"))),
        taken("Borrowing.cows", &(cows(),)),
        returned("Borrowing.cows", &cows()),
        taken(
            "Borrowing.ranged",
            &(Ranged {
                range: 1..300,
                list: vec![-1..5, 0..0],
            },),
        ),
        returned("Borrowing.ranged", &(1..200u8)),
        taken("Consts.key", &([7u8; 64],)),
        returned("Consts.key", &Some([9u8; 64])),
    ]
}

fn cows() -> Cows<'static> {
    Cows {
        bytes: vec![1, 2, 255].into(),
        names: vec!["a".into(), String::new()].into(),
        inner: Cow::Owned(Inner { a: 3 }),
    }
}

fn taken<T: Facet<'static>>(method: &'static str, args: &T) -> Written {
    written(method, false, args)
}

fn returned<T: Facet<'static>>(method: &'static str, value: &T) -> Written {
    written(method, true, value)
}

fn written<T: Facet<'static>>(method: &'static str, is_returned: bool, value: &T) -> Written {
    Written {
        method,
        is_returned,
        bytes: to_vec(value).expect("the crate encodes it"),
    }
}
