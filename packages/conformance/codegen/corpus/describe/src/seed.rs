//! Bytes from which the crate's decoder makes values. They need not be what its encoder writes.

use std::collections::HashMap;
use std::convert::Infallible;

use facet_core::{Def, Facet, Field, ScalarType, Shape, Type, UserType};
use roam_types::{is_rx, is_tx};

use crate::height;

/// Beyond this many types around a value the smallest one is taken.
const DEEP: usize = 7;

/// The same sequence in every run.
#[derive(Default)]
pub struct Seed {
    state: u64,
    /// What was taken last, so that each variant has its turn.
    turns: HashMap<*const Shape, usize>,
}

impl Seed {
    pub fn of(&mut self, shapes: &[&'static Shape]) -> Vec<u8> {
        let mut out = Bytes(vec![]);
        for shape in shapes {
            self.value(shape, 0, &mut out);
        }
        out.0
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn turn(&mut self, shape: &'static Shape, count: usize) -> usize {
        let turn = self.turns.entry(shape).or_default();
        *turn += 1;
        (*turn - 1) % count
    }

    fn value(&mut self, shape: &'static Shape, depth: usize, out: &mut Bytes) {
        if is_tx(shape) || is_rx(shape) {
            return;
        }
        if let Some(scalar) = shape.scalar_type() {
            return self.scalar(scalar, out);
        }
        if let (true, Some(inner)) = (shape.is_transparent(), shape.inner) {
            return self.value(inner, depth, out);
        }
        match shape.def {
            Def::List(of) => self.many(shape, &[of.t()], depth, out),
            Def::Slice(of) => self.many(shape, &[of.t()], depth, out),
            Def::Set(of) => self.many(shape, &[of.t()], depth, out),
            Def::Map(of) => self.many(shape, &[of.k(), of.v()], depth, out),
            Def::Array(of) => (0..of.n).for_each(|_| self.value(of.t(), depth + 1, out)),
            Def::Option(of) => {
                let is_some = depth < DEEP && self.turn(shape, 3) != 0;
                out.0.push(is_some.into());
                if is_some {
                    self.value(of.t(), depth + 1, out);
                }
            }
            Def::Result(of) => {
                // Of `Infallible` there is no value.
                let sides = if of.e == Infallible::SHAPE { 1 } else { 2 };
                let side = self.turn(shape, sides);
                out.0.push(side as u8);
                self.value([of.t, of.e][side], depth + 1, out);
            }
            Def::Pointer(of) => {
                if let Some(inner) = of.pointee {
                    self.value(inner, depth, out);
                }
            }
            _ => self.user(shape, depth, out),
        }
    }

    fn user(&mut self, shape: &'static Shape, depth: usize, out: &mut Bytes) {
        match shape.ty {
            Type::User(UserType::Struct(of)) => self.fields(of.fields, depth, out),
            Type::User(UserType::Enum(of)) => {
                let heights = of.variants.iter().map(|variant| {
                    height::of_fields(variant.data.fields, &mut vec![shape]).unwrap_or(usize::MAX)
                });
                let least = heights.enumerate().min_by_key(|(_, height)| *height);
                let index = match least {
                    Some((least, _)) if depth >= DEEP => least,
                    _ => self.turn(shape, of.variants.len()),
                };
                out.number(index as u128);
                self.fields(of.variants[index].data.fields, depth, out);
            }
            // A duration's seconds and nanoseconds: read as such, and written as text.
            _ => {
                self.integer(32, out);
                out.number(self.below(1_000_000_000) as u128);
            }
        }
    }

    fn fields(&mut self, fields: &'static [Field], depth: usize, out: &mut Bytes) {
        for field in fields {
            self.value(field.shape(), depth + 1, out);
        }
    }

    fn many(
        &mut self,
        shape: &'static Shape,
        parts: &[&'static Shape],
        depth: usize,
        out: &mut Bytes,
    ) {
        let count = if depth < DEEP { self.turn(shape, 4) } else { 0 };
        out.number(count as u128);
        for _ in 0..count {
            for part in parts {
                self.value(part, depth + 1, out);
            }
        }
    }

    fn scalar(&mut self, scalar: ScalarType, out: &mut Bytes) {
        use ScalarType as S;
        match scalar {
            S::Unit => {}
            S::Bool => out.0.push(self.below(2) as u8),
            S::U8 | S::I8 => out.0.push(self.next() as u8),
            S::U16 | S::I16 => self.integer(16, out),
            S::U32 | S::I32 => self.integer(32, out),
            S::U64 | S::I64 | S::USize | S::ISize => self.integer(64, out),
            S::U128 | S::I128 => self.integer(128, out),
            S::F32 => {
                let value = [0.0, -0.0, 1.5, f32::INFINITY, f32::MIN_POSITIVE, -3.25e-9];
                out.0.extend(value[self.below(6)].to_le_bytes());
            }
            S::F64 => {
                let value = [0.0, -0.0, 0.1, f64::NEG_INFINITY, f64::MAX, -3.25e-90];
                out.0.extend(value[self.below(6)].to_le_bytes());
            }
            S::Char => out.text(["a", "ß", "語", "🜁", "\0"][self.below(5)]),
            S::Str | S::String | S::CowStr => {
                let texts = [
                    "",
                    "tea",
                    "Grüße",
                    "日本",
                    "a\"b\\c\n",
                    "🜁🜂",
                    "__proto__",
                    "0",
                ];
                let number = self.below(1000).to_string();
                // Numbers make different keys of a map.
                out.text(&(texts[self.below(8)].to_owned() + &number));
            }
            other => panic!("no value of {other:?}"),
        }
    }

    /// Of any length, the largest too.
    fn integer(&mut self, bits: u32, out: &mut Bytes) {
        let wide = u128::from(self.next()) << 64 | u128::from(self.next());
        let value = match self.below(5) {
            0 => u128::MAX,
            1 => 0,
            _ => wide >> self.below(128),
        };
        out.number(if bits == 128 {
            value
        } else {
            value & ((1 << bits) - 1)
        });
    }
}

struct Bytes(Vec<u8>);

impl Bytes {
    fn number(&mut self, mut value: u128) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u128);
        self.0.extend_from_slice(text.as_bytes());
    }
}
