//! The services and types of the compiled crates as a schema document, to compare with what was
//! read from the sources where signatures say too little: inside results, and of credits.

use std::time::Duration;

use facet_core::{Def, Facet, Field, ScalarType, Shape, StructKind, StructType, Type, UserType};
use roam_types::{ArgDescriptor, RpcPlan, is_rx, is_tx};

use crate::json::{Object, array, text};

#[derive(Default)]
pub struct Types {
    /// Types by their keys; empty for one that is being described.
    known: Vec<(&'static Shape, String, String)>,
}

impl Types {
    pub fn json(&self) -> String {
        let types = self.known.iter();
        types
            .fold(Object::new(), |all, (_, key, json)| {
                all.raw(key, json.clone())
            })
            .end()
    }

    pub fn args(&mut self, args: &[ArgDescriptor]) -> String {
        let args = args.iter().map(|arg| {
            let named = Object::new().text("name", arg.name.trim_start_matches("r#"));
            named.raw("type", self.of(arg.shape)).end()
        });
        array(args)
    }

    /// A reference to a type, as `TypeRef` of the project has it.
    pub fn of(&mut self, shape: &'static Shape) -> String {
        if is_tx(shape) || is_rx(shape) {
            let credit = RpcPlan::for_shape(shape).channel_locations[0].initial_credit;
            let item = self.of(shape.type_params[0].shape);
            let word = if is_tx(shape) { "tx" } else { "rx" };
            return Object::new()
                .raw(word, item)
                .raw("credit", credit.to_string())
                .end();
        }
        if let Some(scalar) = shape.scalar_type() {
            return text(&scalar_name(scalar));
        }
        match shape.def {
            Def::List(of) if of.t().scalar_type() == Some(ScalarType::U8) => text("bytes"),
            Def::List(of) => {
                let item = self.of(of.t());
                // To the crate `Vec<Box<u8>>` is not bytes, but a list, as a slice is.
                if item == text("u8") {
                    return text("byteSlice");
                }
                Object::new().raw("list", item).end()
            }
            Def::Slice(of) if of.t().scalar_type() == Some(ScalarType::U8) => text("byteSlice"),
            Def::Slice(of) => self.around("slice", of.t()),
            Def::Option(of) => self.around("option", of.t()),
            Def::Set(of) => self.around("set", of.t()),
            Def::Array(of) => {
                let item = self.of(of.t());
                Object::new()
                    .raw("array", item)
                    .raw("length", of.n.to_string())
                    .end()
            }
            Def::Map(of) => self.row("map", [of.k(), of.v()].into_iter()),
            Def::Result(of) => self.row("result", [of.t, of.e].into_iter()),
            Def::Pointer(of) => self.of(of.pointee.expect("a pointer to a known type")),
            _ => match shape.ty {
                Type::User(UserType::Struct(of)) if of.kind == StructKind::Tuple => {
                    self.row("tuple", of.fields.iter().map(Field::shape))
                }
                _ => self.named(shape),
            },
        }
    }

    fn around(&mut self, word: &str, inner: &'static Shape) -> String {
        let inner = self.of(inner);
        Object::new().raw(word, inner).end()
    }

    fn row(&mut self, word: &str, parts: impl Iterator<Item = &'static Shape>) -> String {
        let parts = array(parts.map(|part| self.of(part)));
        Object::new().raw(word, parts).end()
    }

    fn named(&mut self, shape: &'static Shape) -> String {
        let known = self.known.iter().find(|(one, ..)| *one == shape);
        if let Some((_, key, _)) = known {
            return Object::new().text("ref", key).end();
        }
        let mut key = shape.to_string();
        while self.known.iter().any(|(_, taken, _)| *taken == key) {
            key.push('\'');
        }
        let index = self.known.len();
        self.known.push((shape, key.clone(), String::new()));
        self.known[index].2 = self.declared(shape);
        Object::new().text("ref", &key).end()
    }

    fn declared(&mut self, shape: &'static Shape) -> String {
        let json = Object::new().text("name", shape.type_identifier);
        let json = documented(json, shape.doc);
        if let (true, Some(inner)) = (shape.is_transparent(), shape.inner) {
            return json
                .text("kind", "transparent")
                .raw("inner", self.of(inner))
                .end();
        }
        match shape.ty {
            Type::User(UserType::Struct(of)) => match (of.kind, of.fields) {
                (StructKind::Unit, _) => json.text("kind", "unitStruct").end(),
                (StructKind::Struct, _) => json
                    .text("kind", "struct")
                    .raw("fields", self.fields(&of))
                    .end(),
                (_, [only]) => json
                    .text("kind", "newtype")
                    .raw("inner", self.of(only.shape()))
                    .end(),
                (_, items) => {
                    let items = array(items.iter().map(|item| self.of(item.shape())));
                    json.text("kind", "tupleStruct").raw("items", items).end()
                }
            },
            Type::User(UserType::Enum(of)) => {
                let variants = of.variants.iter().map(|variant| {
                    let named = Object::new().text("name", variant.name);
                    let named = documented(named, variant.doc);
                    match (variant.data.kind, variant.data.fields) {
                        (StructKind::Unit, _) => named.end(),
                        (StructKind::Struct, _) => {
                            named.raw("fields", self.fields(&variant.data)).end()
                        }
                        (_, [only]) => named.raw("item", self.of(only.shape())).end(),
                        (_, items) => {
                            let items = array(items.iter().map(|item| self.of(item.shape())));
                            named.raw("items", items).end()
                        }
                    }
                });
                let variants = array(variants);
                json.text("kind", "enum").raw("variants", variants).end()
            }
            _ => {
                let inner = if shape == Duration::SHAPE {
                    "string"
                } else {
                    "unit"
                };
                json.text("kind", "opaque").raw("inner", text(inner)).end()
            }
        }
    }

    fn fields(&mut self, of: &StructType) -> String {
        array(of.fields.iter().map(|field| {
            let named = documented(Object::new().text("name", field.name), field.doc);
            named.raw("type", self.of(field.shape())).end()
        }))
    }
}

fn documented(object: Object, doc: &[&str]) -> Object {
    match doc {
        [] => object,
        lines => object.text("doc", &lines.join("\n")),
    }
}

fn scalar_name(scalar: ScalarType) -> String {
    match scalar {
        ScalarType::Str | ScalarType::CowStr => "string".into(),
        other => format!("{other:?}").to_lowercase(),
    }
}
