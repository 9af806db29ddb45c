//! `roam-peer decode`: what the published codec makes of bytes that others made up.
//!
//! Each line of standard input is `TYPE HEX`; the answer to it is `accepted HEX`, with the value
//! encoded again, `refused REASON`, or `panicked`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::io::{self, BufRead, BufWriter, Write};
use std::panic::{catch_unwind, set_hook};

use facet::Facet;

use crate::{probe, testbed};

// Fields are read by reflection alone.
#[derive(Facet)]
#[allow(dead_code)]
struct Mixed {
    id: u64,
    name: String,
    tags: Vec<String>,
    shape: Option<testbed::Shape>,
    pairs: Vec<(u16, char)>,
    state: Result<i32, String>,
    raw: Vec<u8>,
}

#[derive(Facet)]
#[repr(u8)]
#[allow(dead_code)]
enum Tree {
    Leaf(u16),
    List(Vec<Tree>),
    Pair(Box<Tree>, Box<Tree>),
    Named(BTreeMap<String, Tree>),
    Maybe(Option<Box<Tree>>),
}

type Recode = fn(&[u8]) -> Result<Vec<u8>, String>;

fn recode<T: Facet<'static>>(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let value: T = facet_postcard::from_slice(bytes).map_err(|error| error.to_string())?;
    facet_postcard::to_vec(&value).map_err(|error| format!("not encoded again: {error}"))
}

/// The message type of sessions, decoded as its conduits decode it: borrowing.
fn recode_message(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let message: roam_types::Message<'_> =
        facet_postcard::from_slice_borrowed(bytes).map_err(|error| error.to_string())?;
    facet_postcard::to_vec(&message).map_err(|error| format!("not encoded again: {error}"))
}

fn recode_of(name: &str) -> Option<Recode> {
    Some(match name {
        "bool" => recode::<bool>,
        "u8" => recode::<u8>,
        "u16" => recode::<u16>,
        "u32" => recode::<u32>,
        "u64" => recode::<u64>,
        "u128" => recode::<u128>,
        "usize" => recode::<usize>,
        "i8" => recode::<i8>,
        "i16" => recode::<i16>,
        "i32" => recode::<i32>,
        "i64" => recode::<i64>,
        "i128" => recode::<i128>,
        "isize" => recode::<isize>,
        "f32" => recode::<f32>,
        "f64" => recode::<f64>,
        "char" => recode::<char>,
        "string" => recode::<String>,
        "bytes" => recode::<Vec<u8>>,
        "list u32" => recode::<Vec<u32>>,
        "list string" => recode::<Vec<String>>,
        "list list bool" => recode::<Vec<Vec<bool>>>,
        "option option u16" => recode::<Option<Option<u16>>>,
        "option unit" => recode::<Option<()>>,
        "array u16" => recode::<[u16; 3]>,
        "tuple" => recode::<(u8, String, i64)>,
        "map" => recode::<BTreeMap<String, u32>>,
        "hash map" => recode::<HashMap<u16, Vec<u8>>>,
        "set" => recode::<BTreeSet<u32>>,
        "result" => recode::<Result<u32, String>>,
        "wide" => recode::<probe::Wide>,
        "bag" => recode::<probe::Bag>,
        "node" => recode::<probe::Node>,
        "shape" => recode::<testbed::Shape>,
        "canvas" => recode::<testbed::Canvas>,
        "testbed message" => recode::<testbed::Message>,
        "mixed" => recode::<Mixed>,
        "tree" => recode::<Tree>,
        "message" => recode_message,
        _ => return None,
    })
}

/// Answers every line until there are no more.
pub fn run() -> io::Result<()> {
    // Panics are answers here.
    set_hook(Box::new(|_| {}));
    let mut out = BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let line = line?;
        let (name, hex) = line.rsplit_once(' ').unwrap_or((&line, ""));
        let (Some(recode), Some(bytes)) = (recode_of(name), from_hex(hex)) else {
            return Err(io::Error::other(format!("what is {line:?}?")));
        };
        match catch_unwind(|| recode(&bytes)) {
            Ok(Ok(again)) => writeln!(out, "accepted {}", to_hex(&again))?,
            Ok(Err(reason)) => writeln!(out, "refused {}", reason.replace('\n', " "))?,
            Err(_) => writeln!(out, "panicked")?,
        }
    }
    out.flush()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(
        digits
            .chunks(2)
            .map(|pair| (pair[0] * 16 + pair[1]) as u8)
            .collect(),
    )
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
