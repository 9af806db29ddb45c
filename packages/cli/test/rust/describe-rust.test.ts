import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { documentOf, servicesOf, type TypeRef } from "roam/schema";
import { Testbed } from "../../../../examples/testbed/testbed.ts";
import { describeRust } from "../../src/rust/describe-rust.ts";
import { crate, described, reports } from "./sources.ts";

const TESTBED = fileURLToPath(new URL("../../../conformance/rust-peer/src/testbed.rs", import.meta.url));

/** The type that an argument of this spelling has, among these items. */
async function typeOf(spelling: string, items = ""): Promise<TypeRef | undefined> {
  const text = `use facet::Facet;\n${items}\n#[roam::service]\npub trait S { async fn m(&self, a: ${spelling}); }`;
  const { document, findings } = await described(text);
  assert.deepEqual(findings, []);
  return document.services[0]?.methods[0]?.args[0]?.type;
}

suite("ids from Rust sources", () => {
  // r[verify service-macro.is-source-of-truth]
  for (const [trait, id] of [
    ["trait Adder { async fn add(&self, l: u32, r: u32) -> u32; }", "9779c2f07703fab4"],
    ["pub trait Adder { async fn add(&self, l: i32, r: i32) -> i64; }", "cd9b13ee0609ce89"],
    ["trait Clock { async fn now(&self) -> u64; }", "bd3f2a96ef5722ef"],
    [
      "trait TemplateHost { async fn load_template(&self, n: String) -> Result<String, u8>; }",
      "ef26f966c0ef52d5",
    ],
    ["trait TemplateHost { async fn load_template(&self, n: String); }", "ef26f966c0ef52d5"],
  ] as const) {
    test(`are those of the contract: ${trait}`, async () => {
      const { document } = await described(`#[roam::service]\n${trait}`);
      assert.equal(document.services[0]?.methods[0]?.id, id);
    });
  }

  test("of Testbed are those of the service written in TypeScript", async () => {
    const { document, findings } = await describeRust([TESTBED]);
    assert.deepEqual(findings, []);
    const ids = ({ services }: typeof document) =>
      services.find(({ name }) => name === "Testbed")?.methods.map(({ name, id }) => [name, id]);
    assert.deepEqual(ids(document), ids(documentOf([Testbed])));
  });
});

suite("types in Rust sources", () => {
  for (const [spelling, type] of [
    ["String", "string"],
    ["&str", "string"],
    ["std::borrow::Cow<'static, str>", "string"],
    ["Box<std::sync::Arc<u8>>", "u8"],
    ["Vec<u8>", "bytes"],
    ["Vec<Box<u8>>", "byteSlice"],
    ["core::option::Option<Option<bool>>", { option: { option: "bool" } }],
    ["std::collections::BTreeMap<String, (u8, ())>", { map: ["string", { tuple: ["u8", "unit"] }] }],
    ["std::collections::HashSet<char>", { set: "char" }],
    ["roam::Tx<Vec<u8>>", { tx: "bytes", credit: 16 }],
    ["Result<u8, String>", { result: ["u8", "string"] }],
  ] as const) {
    test(`${spelling} is ${JSON.stringify(type)}`, async () => {
      assert.deepEqual(await typeOf(spelling), type);
    });
  }

  for (const [name, spelling, items, type] of [
    ["an alias", "Bytes", "type Bytes = Vec<Byte>; type Byte = u8;", "bytes"],
    ["a generic alias", "Twice<u8>", "type Twice<T, U = T> = (T, U);", { tuple: ["u8", "u8"] }],
    [
      "an array by a constant",
      "Key",
      "type Key = [u8; N * 2]; const N: usize = 0x1_0;",
      { array: "u8", length: 32 },
    ],
    [
      "an associated constant",
      "Key",
      "type Key = [u8; L::N]; struct L; impl L { const N: usize = 3; }",
      { array: "u8", length: 3 },
    ],
    ["a slice behind an alias", "B", "type B = Box<[u16]>;", { slice: "u16" }],
    ["a credit behind an alias", "Wide<u8>", "type Wide<T> = roam::Rx<T, 64>;", { rx: "u8", credit: 64 }],
    [
      "a name of our own before the standard's",
      "String",
      "#[derive(Facet)] struct String(u8);",
      { ref: "String" },
    ],
    ["a module's own", "m::T", "mod m { pub use super::Inner as T; } type Inner = i8;", "i8"],
    ["what a glob brings", "T", "use m::*; mod m { pub type T = i16; type U = u8; }", "i16"],
    [
      "a glob through another, of modules that name each other",
      "T",
      "use b::*; use a::*; mod a { pub use super::*; pub mod b { pub use super::super::c::*; } } mod c { pub use crate::*; pub type T = u64; }",
      "u64",
    ],
    [
      "a module that is passed through twice",
      "A",
      "use m::A; use m::C as B; mod m { pub use super::B as A; pub type C = i64; }",
      "i64",
    ],
    ["a nearer name before a glob's", "T", "use m::*; mod m { pub type T = i16; } type T = u16;", "u16"],
    ["renamed standard types", "Row<u8>", "use std::vec::Vec as Row;", "bytes"],
    ["extern crate", "r::Rx<u8>", "extern crate roam as r;", { rx: "u8", credit: 16 }],
  ] as const) {
    test(`${name} is followed`, async () => {
      assert.deepEqual(await typeOf(spelling, items), type);
    });
  }

  test("have the forms that structs and enums have", async () => {
    const { document } = await described(`
      use facet::Facet;
      /// A page.
      #[derive(Facet)]
      pub struct Page<T, const N: usize> {
        /// Its items.
        items: Vec<T>,
        #[facet(rename = "more")] next: Option<Box<Page<T, N>>>,
        bytes: [u8; N],
      }
      #[derive(Facet)] pub struct Unit;
      #[derive(Facet)] pub struct Braces {}
      #[derive(Facet)] pub struct Pair(u8, Unit);
      #[derive(Facet)] pub struct One(u8);
      #[derive(Facet)] #[facet(transparent)] pub struct Clear(u8);
      #[derive(Facet)] #[repr(transparent)] pub struct Layout(u8);
      #[derive(Facet)] #[repr(u8)] pub enum E { A, B(u8), C(u8, One), D { r#type: Clear }, F(), G {} }
      #[roam::service]
      trait S { async fn m(&self, a: Pages, b: Pair, c: Braces) -> Layout; }
      type Pages = Page<E, 4>;`);
    assert.deepEqual(document.types, {
      "Page<E, 4>": {
        name: "Page",
        doc: "A page.",
        kind: "struct",
        fields: [
          { name: "items", doc: "Its items.", type: { list: { ref: "E" } } },
          { name: "next", type: { option: { ref: "Page<E, 4>" } } },
          { name: "bytes", type: { array: "u8", length: 4 } },
        ],
      },
      E: {
        name: "E",
        kind: "enum",
        variants: [
          { name: "A" },
          { name: "B", item: "u8" },
          { name: "C", items: ["u8", { ref: "One" }] },
          { name: "D", fields: [{ name: "type", type: { ref: "Clear" } }] },
          { name: "F", items: [] },
          { name: "G", fields: [] },
        ],
      },
      One: { name: "One", kind: "newtype", inner: "u8" },
      Clear: { name: "Clear", kind: "transparent", inner: "u8" },
      Pair: { name: "Pair", kind: "tupleStruct", items: ["u8", { ref: "Unit" }] },
      Unit: { name: "Unit", kind: "unitStruct" },
      Braces: { name: "Braces", kind: "struct", fields: [] },
      Layout: { name: "Layout", kind: "transparent", inner: "u8" },
    });
    assert.equal(servicesOf(document).size, 1);
  });

  test("of one name are told apart by their modules", async () => {
    const { document } = await described(`
      mod a { #[derive(facet::Facet)] pub struct T(pub u8); }
      mod b { #[derive(facet::Facet)] pub struct T(pub u16); }
      #[roam::service] trait S { async fn m(&self, a: a::T, b: b::T); }`);
    assert.deepEqual(Object.keys(document.types), ["T", "b::T"]);
  });

  test("from elsewhere are as stated", async () => {
    const text =
      "#[roam::service] trait S { async fn m(&self, a: uuid::Uuid, b: uuid::List<u8>) -> uuid::Point; }";
    const { document, findings } = await described(text, {
      foreignTypes: {
        "uuid::Uuid": { kind: "opaque", inner: "string" },
        "uuid::List": { list: { option: "$0" } },
        "uuid::Point": { kind: "struct", fields: [{ name: "id", type: { ref: "uuid::Uuid" } }] },
      },
    });
    assert.deepEqual(findings, []);
    assert.deepEqual(document.services[0]?.methods[0]?.args[1]?.type, { list: { option: "u8" } });
    assert.deepEqual(document.types.Uuid, { name: "Uuid", kind: "opaque", inner: "string" });
    assert.deepEqual(document.types.Point, {
      name: "Point",
      kind: "struct",
      fields: [{ name: "id", type: { ref: "Uuid" } }],
    });
  });
});

suite("methods in Rust sources", () => {
  test("are fallible by their spelling", async () => {
    const { document } = await described(`
      type Short<T> = Result<T, u8>;
      #[roam::service]
      trait S {
        async fn full(&self) -> std::result::Result<u8, String>;
        async fn short(&self) -> Short<bool>;
      }`);
    const [full, short] = document.services[0]?.methods ?? [];
    assert.deepEqual([full?.returns, full?.error], ["u8", "string"]);
    assert.deepEqual([short?.returns, short?.error], [{ result: ["bool", "u8"] }, undefined]);
  });

  test("keep comments and names, and cfg changes nothing about them", async () => {
    const { document, findings } = await described(`
      /// About it.
      ///
      /// More.
      #[roam::service]
      pub(crate) trait S {
        /** A block. */
        #[cfg(windows)]
        async fn r#match(&mut self, r#in: u8) -> u8;
        #[doc = "An \\"attribute\\"."]
        async fn other(&self);
      }`);
    assert.deepEqual(findings, []);
    const [service] = document.services;
    assert.equal(service?.doc, "About it.\n\nMore.");
    assert.deepEqual(
      service?.methods.map(({ name, doc, args }) => [name, doc, args.map((arg) => arg.name)]),
      [
        ["r_match", "A block.", ["in"]],
        ["other", 'An "attribute".', []],
      ],
    );
  });

  test("are of services by whatever name the attribute has", async () => {
    const { document } = await described({
      ...crate(`
        use roam::service as rpc;
        mod again { pub use roam; }
        #[rpc] trait A {}
        #[again::roam::service] trait B {}
        #[other::service] trait C {}
        trait D {}
        #[cfg(test)] mod tests { #[roam::service] trait E {} }`),
    });
    assert.deepEqual(
      document.services.map(({ name }) => name),
      ["A", "B"],
    );
  });
});

suite("what Rust sources do not show", () => {
  for (const [name, text, expected] of [
    [
      "a type of another crate",
      "#[roam::service] trait S {\nasync fn m(&self, a: uuid::Uuid); }",
      /^2: uuid::Uuid is of a crate whose sources are not here; left out: S\.m$/,
    ],
    [
      "a type that is nowhere",
      "#[roam::service] trait S {\nasync fn m(&self, a: Nope); }",
      /^2: there is no type Nope here/,
    ],
    [
      "a type under a condition",
      '#[cfg(feature = "x")]\ntype T = u8;\n#[roam::service] trait S { async fn m(&self, a: T); }',
      /^2: whether T is there depends on #\[cfg\(feature = "x"\)\]/,
    ],
    [
      "a field under a condition",
      "#[derive(facet::Facet)] struct T {\n#[cfg(unix)]\na: u8 }\n#[roam::service] trait S { async fn m(&self, a: T); }",
      /^3: whether field a is there depends/,
    ],
    [
      "a skipped field",
      "#[derive(facet::Facet)] struct T {\n#[facet(skip)] a: u8 }\n#[roam::service] trait S { async fn m(&self, a: T); }",
      /^2: field a is not sent \(skip\)/,
    ],
    [
      "no derive",
      "struct T;\n#[roam::service] trait S { async fn m(&self, a: T); }",
      /^1: T does not derive Facet/,
    ],
    [
      "a number of the compiler's",
      "#[roam::service] trait S { async fn m(&self, a: T); }\ntype T = [u8; f()];",
      /^2: the value of f\(\) is not known/,
    ],
    [
      "a type without end",
      "type A = B; type B = A;\n#[roam::service] trait S { async fn m(&self, a: A); }",
      /^1: A stands for itself/,
    ],
    [
      "an array in a signature",
      "#[roam::service] trait S { async fn m(&self, a: [u8; 2]); }",
      /^1: the service macro does not take \[u8; 2\]/,
    ],
    [
      "a channel in a list",
      "#[roam::service] trait S { async fn m(&self, a: Vec<roam::Tx<u8>>); }",
      /^1: .*channel/,
    ],
    // Found by `npm run -s fuzz -- --target rust-source`, as the next one: it took for ever.
    [
      "what is behind many imports of everything",
      `${Array.from({ length: 200 }, (_, at) => `use a${at}::*;`).join(" ")}\n#[roam::service] trait S { async fn m(&self, a: T); }`,
      /^2: there is no type T here/,
    ],
    [
      "a second argument of a name",
      "#[roam::service] trait S {\nasync fn m(&self, a: u8, a: u8); }",
      /^2: a second argument called a; left out: S\.m$/,
    ],
    [
      "a second method of a name",
      "#[roam::service] trait S { async fn m(&self);\nasync fn m(&self, a: u8); }",
      /^2: a second method called m; left out: S\.m$/,
    ],
    [
      "a service under a condition",
      "#[cfg(unix)]\n#[roam::service] trait S { async fn m(&self); }",
      /^2: whether the service S is there depends/,
    ],
    [
      "a service made by a macro",
      "macro_rules! make { () => { #[roam::service] trait S {} } }\nmake!();",
      /^2: make! makes a service/,
    ],
    [
      "a second service of a name",
      "#[roam::service] trait S {}\nmod m { #[roam::service] trait S {} }",
      /^2: there is a service S already/,
    ],
    ["a module without a file", "mod gone;", /^1: the file of module gone is missing/],
    ["something that is no Rust", "struct {\n#[roam::service] trait S {}", /^1: not Rust/],
  ] as const) {
    test(`${name} is reported with its line`, async () => {
      const [first = ""] = reports(await described(text));
      assert.match(first, expected);
    });
  }

  test("leaves other methods as they are", async () => {
    const text =
      "#[roam::service] trait S { async fn a(&self) -> u8; async fn b(&self) -> Nope; async fn c(&self); }";
    const { document, findings } = await described(text);
    assert.deepEqual(
      document.services[0]?.methods.map(({ name }) => name),
      ["a", "c"],
    );
    assert.equal(findings.length, 1);
  });

  test("is told once for all methods that need it, and the macro that may have made it too", async () => {
    const { findings } = await described(
      "make!(Made);\n#[derive(facet::Facet)] struct T(Made);\n#[roam::service] trait S { async fn a(&self, v: T); async fn b(&self) -> T; }",
    );
    assert.deepEqual(
      findings.map(({ line, message }) => [line, message]),
      [
        [1, "make! is not expanded, and may be what makes Made"],
        [2, "there is no type Made here; left out: S.a, S.b"],
      ],
    );
  });
});

suite("crates", () => {
  const files = {
    "Cargo.toml":
      '[workspace]\nmembers = ["crates/*"]\n[workspace.dependencies]\nwords = { package = "shared-types", path = "crates/shared" }\nroam = "7.3"\n',
    "crates/shared/Cargo.toml": '[package]\nname = "shared-types"\n[lib]\npath = "lib.rs"\n',
    "crates/shared/lib.rs": "pub mod deep;\npub use deep::Name;\n",
    "crates/shared/deep/mod.rs": '#[path = "odd.rs"]\nmod elsewhere;\npub use elsewhere::Name;\n',
    "crates/shared/deep/odd.rs": "pub type Name = String;\n",
    "crates/api/Cargo.toml":
      '[package]\nname = "api"\n[dependencies]\nwords = { workspace = true }\nrpc = { package = "roam", version = "7.3" }\n',
    "crates/api/src/lib.rs": "mod part;\n",
    "crates/api/src/part.rs":
      "#[rpc::service]\npub trait Api { async fn m(&self, a: words::Name) -> ::words::deep::Name; }\n",
  };

  test("of a workspace are read together, by the names that their manifests give them", async () => {
    const { document, findings, files: read } = await described(files);
    assert.deepEqual(findings, []);
    const [method] = document.services[0]?.methods ?? [];
    assert.deepEqual([method?.args[0]?.type, method?.returns], ["string", "string"]);
    assert.deepEqual([...read].sort(), Object.keys(files).sort());
  });

  test("that one depends on are read for their types, not for their services", async () => {
    const shared = {
      ...files,
      "crates/shared/lib.rs": `${files["crates/shared/lib.rs"]}use rpc::service;\n#[rpc::service] trait Other {}\n`,
    };
    const { document } = await described(shared, { at: "crates/api" });
    assert.deepEqual(
      document.services.map(({ name }) => name),
      ["Api"],
    );
  });

  test("without a manifest are the files of a directory, each a module", async () => {
    const { document, findings } = await described({
      "a.rs": "use crate::b::T;\n#[roam::service] trait A { async fn m(&self, a: T); }",
      "b.rs": "pub type T = u8;",
    });
    assert.deepEqual(findings, []);
    assert.equal(document.services[0]?.methods[0]?.args[0]?.type, "u8");
  });

  test("with a manifest that is no TOML are reported", async () => {
    const { findings } = await described({ "Cargo.toml": "[package\n", "src/lib.rs": "" });
    assert.equal(findings[0]?.file, "Cargo.toml");
  });

  test("come out the same each time", async () => {
    assert.equal(
      JSON.stringify((await described(files)).document),
      JSON.stringify((await described(files)).document),
    );
  });
});
