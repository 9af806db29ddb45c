//! The `Probe` service: what `Testbed` leaves out. Served on virtual connections.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use facet::Facet;
use roam::{Rx, Tx};

/// The service macro parses no const generics and finds channels by the names `Tx` and `Rx`
/// alone: an alias of any other name would compile and never be bound. So the handle with a
/// window of 4 is a `Tx` in a module of its own.
pub mod window4 {
    pub type Tx<T> = roam::Tx<T, 4>;
}

#[derive(Clone, Debug, PartialEq, Facet)]
pub struct Wide {
    pub a: u8,
    pub b: u16,
    pub c: u32,
    pub d: u64,
    pub e: u128,
    pub f: i8,
    pub g: i16,
    pub h: i32,
    pub i: i64,
    pub j: i128,
    pub k: f32,
    pub l: f64,
    pub m: bool,
    pub n: char,
}

#[derive(Clone, Debug, PartialEq, Facet)]
pub struct Bag {
    pub list: Vec<String>,
    pub map: BTreeMap<String, u32>,
    pub set: BTreeSet<u32>,
    pub opt: Option<Option<u8>>,
    pub tuple: (u8, String),
    pub arr: [u16; 3],
    pub bytes: Vec<u8>,
    pub unit: (),
}

#[derive(Clone, Debug, PartialEq, Facet)]
pub struct Node {
    pub value: u32,
    pub children: Vec<Node>,
}

#[derive(Clone, Debug, PartialEq, Facet)]
#[repr(u8)]
pub enum ProbeError {
    TooSmall { least: u64 },
    Other(String),
}

#[roam::service]
pub trait Probe {
    async fn echo_bytes(&self, data: Vec<u8>) -> Vec<u8>;
    async fn sleep(&self, millis: u32) -> u32;
    async fn fail(&self) -> u32;
    async fn numbers(&self, wide: Wide) -> Wide;
    async fn collections(&self, bag: Bag) -> Bag;
    async fn tree(&self, node: Node) -> u32;
    async fn count_up(&self, from: u64, out: Tx<u64>) -> Result<u64, ProbeError>;
    async fn optional(&self, input: Option<Rx<u32>>, output: Tx<u32>) -> u32;
    async fn windowed(&self, out: window4::Tx<u32>) -> u32;
}

#[derive(Clone)]
pub struct ProbeHandler;

impl Probe for ProbeHandler {
    async fn echo_bytes(&self, data: Vec<u8>) -> Vec<u8> {
        data
    }

    async fn sleep(&self, millis: u32) -> u32 {
        tokio::time::sleep(Duration::from_millis(millis.into())).await;
        millis
    }

    /// Panics; the crate answers `Cancelled`. Unwinding without `panic!` skips the panic hook,
    /// so that nothing is printed.
    async fn fail(&self) -> u32 {
        std::panic::resume_unwind(Box::new("Probe.fail was called"))
    }

    async fn numbers(&self, wide: Wide) -> Wide {
        wide
    }

    async fn collections(&self, bag: Bag) -> Bag {
        bag
    }

    async fn tree(&self, node: Node) -> u32 {
        count_nodes(&node)
    }

    async fn count_up(&self, from: u64, out: Tx<u64>) -> Result<u64, ProbeError> {
        if from == 0 {
            return Err(ProbeError::TooSmall { least: 1 });
        }
        for number in from..from.saturating_add(20) {
            if let Err(error) = out.send(number).await {
                return Err(ProbeError::Other(error.to_string()));
            }
        }
        let _ = out.close(vec![]).await;
        Ok(20)
    }

    async fn optional(&self, input: Option<Rx<u32>>, output: Tx<u32>) -> u32 {
        let mut received = 0;
        if let Some(mut input) = input {
            while let Ok(Some(number)) = input.recv().await {
                received += 1;
                if output.send(number.wrapping_mul(2)).await.is_err() {
                    break;
                }
            }
        }
        let _ = output.close(vec![]).await;
        received
    }

    async fn windowed(&self, out: window4::Tx<u32>) -> u32 {
        for number in 0..50 {
            if out.send(number).await.is_err() {
                return number;
            }
        }
        let _ = out.close(vec![]).await;
        50
    }
}

fn count_nodes(node: &Node) -> u32 {
    1 + node.children.iter().map(count_nodes).sum::<u32>()
}
