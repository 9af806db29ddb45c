//! Values as the crate's encoder writes them.

use std::panic::catch_unwind;

use facet_core::Shape;
use facet_postcard::{from_slice_into_borrowed, peek_to_vec};
use facet_reflect::Partial;

use crate::json::{Object, hex};
use crate::seed::Seed;

/// The bytes of one value of each shape, in a row, or why there are none.
pub fn sample(shapes: &[&'static Shape], seed: &mut Seed) -> String {
    let bytes: Result<Vec<Vec<u8>>, String> =
        shapes.iter().map(|shape| encoded(shape, seed)).collect();
    match bytes {
        Ok(bytes) => Object::new().text("bytes", &hex(&bytes.concat())).end(),
        Err(error) => Object::new().text("error", &error).end(),
    }
}

fn encoded(shape: &'static Shape, seed: &mut Seed) -> Result<Vec<u8>, String> {
    let bytes: &'static [u8] = seed.of(&[shape]).leak();
    // The decoder panics at some forms of enums.
    let outcome = catch_unwind(|| recoded(shape, bytes));
    let outcome = outcome.unwrap_or_else(|_| Err("the crate panics".into()));
    outcome.map_err(|error| format!("{shape} from {}: {error}", hex(bytes)))
}

fn recoded(shape: &'static Shape, bytes: &'static [u8]) -> Result<Vec<u8>, String> {
    // SAFETY: the shape is that of a type in a service's signature.
    let partial = unsafe { Partial::<true>::alloc_shape(shape) }.map_err(said)?;
    let partial = from_slice_into_borrowed(bytes, partial).map_err(said)?;
    let value = partial.build().map_err(said)?;
    peek_to_vec(value.peek()).map_err(said)
}

fn said(error: impl ToString) -> String {
    error.to_string()
}
