import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { pathToFileURL } from "node:url";
import { method, service, t } from "roam";
import { decode, encode, type Schema } from "roam-postcard";
import { jsonFromValue } from "../../src/json/json-from-value.ts";
import { parseJson } from "../../src/json/parse-json.ts";
import { valueFromJson } from "../../src/json/value-from-json.ts";
import { plausibleValue } from "../../src/mock/plausible-value.ts";
import { Random } from "../../src/mock/random.ts";
import { Billing, Invoice } from "./call-example.ts";
import { Files, type Run, roam, start } from "./roam-command.ts";

const files = new Files();
const schema = files.schema("billing.json", Billing);
after(() => files[Symbol.dispose]());

// Modules of users import the runtime by its name, which a temporary directory cannot resolve.
const ROAM = import.meta.resolve("roam");
const HELLO = `
import { method, service, t, fail, implement } from ${JSON.stringify(ROAM)};
export const Hello = service("Hello", { greet: method({ name: t.string }, t.string, t.string), shout_loud: method({}, t.u8) });
`;

/** Starts a server, waits for its address, and stops it after. */
async function serving(
  args: readonly string[],
  use: (url: string, run: Run) => Promise<void>,
): Promise<void> {
  const run = start(["serve", ...args, "--on", "tcp://127.0.0.1:0"], { stdin: null });
  await Promise.race([run.seen("serving "), run.done.then(({ err }) => Promise.reject(new Error(err)))]);
  const [, url = ""] = / on (\S+)/.exec(run.out()) ?? [];
  try {
    await use(url, run);
  } finally {
    run.interrupt();
  }
  assert.equal((await run.done).exit, 130);
}

suite("serve a module", () => {
  const forms: readonly (readonly [name: string, text: string])[] = [
    [
      "a service and its functions",
      `export const handlers = { greet: ({ name }) => \`hi \${name}\`, shout_loud: () => 7 };`,
    ],
    [
      "functions in camel case",
      `export const handlers = { greet: ({ name }) => \`hi \${name}\`, shoutLoud: () => 7 };`,
    ],
    [
      "a handler as default",
      `export default implement(Hello, { greet: ({ name }) => \`hi \${name}\`, shout_loud: () => 7 });`,
    ],
    [
      "an instance of a class, with its state",
      `class Greeter { word = "hi"; greet({ name }) { return \`\${this.word} \${name}\`; } shout_loud() { return 7; } }
       export default new Greeter();`,
    ],
  ];
  for (const [name, text] of forms) {
    test(name, async () => {
      const file = files.write(`${name.replaceAll(" ", "-")}.mjs`, HELLO + text);
      const hello = files.schema("hello.json", (await import(pathToFileURL(file).href)).Hello);
      await serving([file], async (url) => {
        const { exit, out } = await roam(["call", url, "Hello.greet", "Ada", "--schema", hello]);
        assert.deepEqual([exit, out], [0, '"hi Ada"\n']);
      });
    });
  }

  test("functions of a stated schema, and each call told of", async () => {
    const file = files.write(
      "plain.mjs",
      `import { fail } from ${JSON.stringify(ROAM)};
       export const billing = ${JSON.stringify(Object.keys(Billing.methods))}.reduce((all, name) => ({ ...all, [name]: () => fail({ tag: "NotFound" }) }), {});`,
    );
    await serving([file, "--schema", schema, "--verbose"], async (url, run) => {
      const { exit, out } = await roam(["call", url, "lookup", "7", "--schema", schema]);
      assert.deepEqual([exit, out], [3, '{"tag":"NotFound"}\n']);
      await run.seen("Billing.lookup answered with its own error after");
    });
  });

  test("further services are on virtual connections", async () => {
    const file = files.write(
      "two.mjs",
      `${HELLO}
       const Second = service("Second", { two: method({}, t.u8) });
       export default implement(Hello, { greet: ({ name }) => name, shout_loud: () => 7 });
       export const second = implement(Second, { two: () => 2 });`,
    );
    const second = files.schema("second.json", service("Second", { two: method({}, t.u8) }));
    await serving([file], async (url) => {
      const root = await roam(["call", url, "two", "--schema", second]);
      assert.equal(root.exit, 4);
      const { out } = await roam(["call", url, "two", "--schema", second, "--virtual"]);
      assert.equal(out, "2\n");
    });
    await serving([file, "--service", "Second"], async (url) => {
      assert.equal((await roam(["call", url, "two", "--schema", second])).out, "2\n");
    });
  });

  const wrong: readonly (readonly [name: string, text: string, message: RegExp])[] = [
    ["nothing", "export const a = 1;", /exports no service\ntry: export it with its functions/],
    [
      "a service alone",
      HELLO,
      /exports Hello, but no object with its functions\ntry: export const handlers = \{ greet, shout_loud/,
    ],
    [
      "a function too few",
      `${HELLO}export const handlers = { greet: () => "" };`,
      /whose shout_loud has no function/,
    ],
    ["a module that throws", 'throw new Error("no database");', /could not be loaded: no database/],
  ];
  for (const [name, text, message] of wrong) {
    test(`${name} is told`, async () => {
      const file = files.write(`wrong-${name.replaceAll(" ", "-")}.mjs`, text);
      const { exit, err } = await roam(["serve", file, "--on", "tcp://127.0.0.1:0"]);
      assert.ok(exit === 1 || exit === 2);
      assert.match(err, message);
    });
  }

  test("an address that is taken, or is none", async () => {
    await serving(["--mock", schema], async (url) => {
      const { exit, err } = await roam(["serve", "--mock", schema, "--on", url]);
      assert.notEqual(exit, 0);
      assert.match(err, /EADDRINUSE|in use/);
    });
    assert.equal((await roam(["serve", "--mock", schema, "--on", "4400"])).exit, 2);
    assert.equal((await roam(["serve"])).exit, 2);
    assert.equal((await roam(["serve", schema, "--mock", schema])).exit, 2);
  });
});

suite("a module in a project of its own", () => {
  test("gets the copy of the runtime that it imports", async () => {
    const project = join(files.directory, "project");
    const copy = join(project, "node_modules", "roam");
    mkdirSync(copy, { recursive: true });
    writeFileSync(join(project, "package.json"), '{"type": "module"}');
    const exports = { ".": "./index.js", "./schema": "./schema.js" };
    writeFileSync(join(copy, "package.json"), JSON.stringify({ name: "roam", type: "module", exports }));
    writeFileSync(
      join(copy, "index.js"),
      `export * from ${JSON.stringify(ROAM)};
       import * as roam from ${JSON.stringify(ROAM)};
       export const serve = (...args) => { globalThis.servedByTheirs = true; return roam.serve(...args); };`,
    );
    writeFileSync(
      join(copy, "schema.js"),
      `export * from ${JSON.stringify(import.meta.resolve("roam/schema"))};`,
    );
    const file = join(project, "hello.mjs");
    writeFileSync(
      file,
      `import { implement, method, service, t } from "roam";
       export const Hello = service("Hello", { greet: method({}, t.string) });
       export default implement(Hello, { greet: () => "hi" });`,
    );
    const hello = files.schema("hello-2.json", service("Hello", { greet: method({}, t.string) }));
    await serving([file], async (url) => {
      assert.equal((await roam(["call", url, "greet", "--schema", hello])).out, '"hi"\n');
    });
    assert.equal((globalThis as { servedByTheirs?: boolean }).servedByTheirs, true);
  });
});

suite("a peer that tells what it serves", () => {
  const module = files.write(
    "telling.mjs",
    `import { implement, method, service, t } from ${JSON.stringify(ROAM)};
/** Says hello. */
export const Hello = service("Hello", {
  /** To one by name. */
  greet: method({ name: t.string }, t.string),
});
export const Second = service("Second", { two: method({}, t.u8) });
export default implement(Hello, { greet: ({ name }) => \`hi \${name}\` });
export const second = implement(Second, { two: () => 2 });`,
  );

  test("is listed, compared, called on whatever connection, and completed, without a schema", async () => {
    await serving([module], async (url) => {
      const { exit, out } = await roam(["ls", url]);
      assert.equal(exit, 0);
      assert.equal(
        out,
        "// Says hello.\nHello\n  // To one by name.\n  greet(name: String) -> String\nSecond\n  two() -> u8\n",
      );
      const told = files.write("told.json", (await roam(["ls", url, "--json"])).out);
      assert.equal((await roam(["diff", url, told])).exit, 0);
      assert.equal((await roam(["ids", url])).exit, 0);
      assert.equal((await roam(["call", url, "Hello.greet", "Ada"])).out, '"hi Ada"\n');
      assert.equal((await roam(["call", url, "Second.two"])).out, "2\n");
      assert.equal((await roam(["call", url, "Introspection.health", ""])).out, '"Serving"\n');
      const unknown = await roam(["call", url, "Hello.great"]);
      assert.deepEqual([unknown.exit, /did you mean Hello\.greet/.test(unknown.err)], [2, true]);
      const typed = await roam(["complete", "zsh", `roam call ${url} Hello.`]);
      assert.equal(typed.out, "none\nHello.greet\tgreet(name: String) -> String\n");
    });
  });

  test("does not tell when it was told not to; the hint says what to do", async () => {
    await serving([module, "--introspection", "off"], async (url) => {
      for (const command of [
        ["ls", url],
        ["call", url, "Hello.greet", "Ada"],
      ]) {
        const { exit, err } = await roam(command);
        assert.equal(exit, 4);
        assert.match(err, /does not tell what it serves\ntry: state it with --schema SOURCE/);
      }
    });
  });
});

suite("serve --mock", () => {
  test("the same answers for the same seed and arguments", async () => {
    const answers: string[] = [];
    for (const seed of ["1", "1", "2"]) {
      await serving(["--mock", schema, "--seed", seed, "--items", "4"], async (url) => {
        const lookup = await roam(["call", url, "lookup", "41", "--schema", schema]);
        assert.equal(JSON.parse(lookup.out).id, 41, "an id comes back as asked for");
        const watch = await roam(["call", url, "watch", "5", "--schema", schema]);
        assert.equal(watch.out.trim().split("\n").length, 4);
        const sum = await roam(["call", url, "sum", "[[1,2]]", "--schema", schema]);
        assert.equal(sum.exit, 0);
        answers.push(lookup.out + watch.out + sum.out);
      });
    }
    assert.equal(answers[0], answers[1]);
    assert.notEqual(answers[0], answers[2]);
  });

  type Tree = { readonly value: number; readonly inner: Tree[]; readonly next: Tree | null };
  const Tree: Schema<Tree> = t.struct("Tree", {
    value: t.u8,
    inner: t.list(t.lazy(() => Tree)),
    next: t.option(t.lazy(() => Tree)),
  }) as Schema<Tree>;
  type Chain = { tag: "More"; value: Chain } | { tag: "End" };
  const Chain: Schema<Chain> = t.enum("Chain", { More: t.lazy(() => Chain), End: t.unit }) as Schema<Chain>;
  const all = t.struct("All", {
    a: t.tuple([t.bool, t.u8, t.u16, t.u32, t.u64, t.u128, t.usize]),
    b: t.tuple([t.i8, t.i16, t.i32, t.i64, t.i128, t.isize, t.f32, t.f64]),
    c: t.tuple([t.char, t.string, t.bytes, t.byteSlice, t.unit]),
    d: t.tuple([
      t.list(t.u8),
      t.slice(t.i8),
      t.set(t.string),
      t.array(Invoice, 2),
      t.map(t.string, t.u64.asNumber),
    ]),
    e: t.tuple([
      t.option(t.option(t.u8)),
      t.newtype("N", t.u8),
      t.opaque("O", t.string),
      t.result(t.u8, t.string),
    ]),
    tree: Tree,
    chain: Chain,
    email: t.string,
    age: t.u8,
    port: t.u16,
    created_at: t.u64,
    offset: t.i8,
  });
  test("values are of their type, for a hundred seeds, and recursion ends", () => {
    for (let seed = 0; seed < 100; seed++) {
      const value = plausibleValue(all, "all", { random: new Random(String(seed)), known: {} });
      assert.deepEqual(decode(all, encode(all, value as never)), value, `seed ${seed}`);
      const json = JSON.stringify(jsonFromValue(all, value));
      assert.deepEqual(valueFromJson(all, parseJson(json)), value, `seed ${seed}, through JSON`);
    }
  });
});
