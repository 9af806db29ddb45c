//! The canonical bytes of a signature, to show where two differ: the crate hashes them and does not
//! tell them. The check hashes these as well, so that they cannot go wrong unnoticed.

use facet_core::{Def, ScalarType, Shape, StructKind, StructType, Type, UserType};
use roam_types::{is_rx, is_tx};

/// The bytes, and the types of the items of the channels among them, in declaration order.
pub fn of(args: &[&'static Shape], returns: &'static Shape) -> (Vec<u8>, Vec<&'static Shape>) {
    let mut out = Writer::default();
    match args {
        [] => out.bytes.push(0x10),
        _ => {
            out.tagged(0x25, args.len());
            // The tuple of the arguments counts as a type around them.
            out.args = args.to_vec();
            out.around.push(<() as facet::Facet>::SHAPE);
            for arg in args {
                out.shape(arg);
            }
            out.around.pop();
            out.args.clear();
        }
    }
    out.shape(returns);
    (out.bytes, out.items)
}

#[derive(Default)]
struct Writer {
    /// While these are written their tuple is the outermost type.
    args: Vec<&'static Shape>,
    bytes: Vec<u8>,
    around: Vec<&'static Shape>,
    items: Vec<&'static Shape>,
}

impl Writer {
    fn number(&mut self, mut value: usize) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    fn tagged(&mut self, tag: u8, count: usize) {
        self.bytes.push(tag);
        self.number(count);
    }

    fn name(&mut self, name: &str) {
        self.number(name.len());
        self.bytes.extend_from_slice(name.as_bytes());
    }

    fn of(&mut self, tag: u8, parts: &[&'static Shape]) {
        self.bytes.push(tag);
        for part in parts {
            self.shape(part);
        }
    }

    fn shape(&mut self, shape: &'static Shape) {
        if is_tx(shape) || is_rx(shape) {
            let item = shape.type_params[0].shape;
            self.items.push(item);
            return self.of(if is_tx(shape) { 0x26 } else { 0x27 }, &[item]);
        }
        if let (true, Some(inner)) = (shape.is_transparent(), shape.inner) {
            return self.shape(inner);
        }
        if let Some(scalar) = shape.scalar_type() {
            return self.bytes.push(scalar_tag(scalar));
        }
        match shape.def {
            Def::List(list) if list.t().scalar_type() == Some(ScalarType::U8) => {
                self.bytes.push(0x11)
            }
            Def::List(list) => self.of(0x20, &[list.t()]),
            Def::Slice(slice) => self.of(0x20, &[slice.t()]),
            Def::Option(option) => self.of(0x21, &[option.t()]),
            Def::Array(array) => {
                self.tagged(0x22, array.n);
                self.shape(array.t());
            }
            Def::Map(map) => self.of(0x23, &[map.k(), map.v()]),
            Def::Set(set) => self.of(0x24, &[set.t()]),
            Def::Pointer(pointer) if pointer.pointee.is_some() => {
                self.shape(pointer.pointee.expect("is some"))
            }
            _ => self.user(shape),
        }
    }

    fn user(&mut self, shape: &'static Shape) {
        let around = self.around.iter().rposition(|one| *one == shape);
        if let Some(place) = around.or(self.is_of_args(shape).then_some(0)) {
            return self.tagged(0x32, self.around.len() - 1 - place);
        }
        self.around.push(shape);
        match shape.ty {
            Type::User(UserType::Struct(fields)) => match fields.kind {
                StructKind::Unit => self.bytes.push(0x10),
                StructKind::Tuple | StructKind::TupleStruct => {
                    self.tagged(0x25, fields.fields.len());
                    for field in fields.fields {
                        self.shape(field.shape());
                    }
                }
                StructKind::Struct => self.fields(0x30, &fields),
            },
            Type::User(UserType::Enum(of)) => {
                self.tagged(0x31, of.variants.len());
                for variant in of.variants {
                    self.name(variant.name);
                    self.payload(&variant.data);
                }
            }
            _ => self.bytes.push(0x10),
        }
        self.around.pop();
    }

    fn is_of_args(&self, shape: &'static Shape) -> bool {
        let Type::User(UserType::Struct(of)) = shape.ty else {
            return false;
        };
        let items = of.fields.iter().map(|field| field.shape());
        of.kind == StructKind::Tuple && !self.args.is_empty() && items.eq(self.args.iter().copied())
    }

    fn payload(&mut self, data: &StructType) {
        match (data.kind, data.fields) {
            (StructKind::Unit, _) => self.bytes.push(0x00),
            (StructKind::Struct, _) => self.fields(0x02, data),
            (_, [only]) => self.of(0x01, &[only.shape()]),
            (_, fields) => {
                self.tagged(0x02, fields.len());
                for (index, field) in fields.iter().enumerate() {
                    self.name(&index.to_string());
                    self.shape(field.shape());
                }
            }
        }
    }

    fn fields(&mut self, tag: u8, of: &StructType) {
        self.tagged(tag, of.fields.len());
        for field in of.fields {
            self.name(field.name);
            self.shape(field.shape());
        }
    }
}

fn scalar_tag(scalar: ScalarType) -> u8 {
    use ScalarType as S;
    match scalar {
        S::Bool => 0x01,
        S::U8 => 0x02,
        S::U16 => 0x03,
        S::U32 => 0x04,
        S::U64 | S::USize | S::ConstTypeId => 0x05,
        S::U128 => 0x06,
        S::I8 => 0x07,
        S::I16 => 0x08,
        S::I32 => 0x09,
        S::I64 | S::ISize => 0x0a,
        S::I128 => 0x0b,
        S::F32 => 0x0c,
        S::F64 => 0x0d,
        S::Char => 0x0e,
        S::Str | S::String | S::CowStr => 0x0f,
        _ => 0x10,
    }
}
