import { readFileSync, writeFileSync } from "node:fs";
import type { SchemaDocument } from "roam/schema";
import { Testbed } from "../../../../examples/testbed/testbed.ts";
import type { Report } from "../interop/case.ts";
import { expectEqual } from "../vectors/tally.ts";
import type { Place } from "./places.ts";
import { expectOutcome, roam } from "./program.ts";
import { Terminal } from "./terminal.ts";

/** `ids` and `diff` on sources. */
export async function checkIdsAndDiff(
  place: Place,
  sources: readonly string[],
  report: Report,
): Promise<void> {
  const wanted = [...Testbed.descriptors().values()].map(
    ({ id }) => `0x${id.toString(16).padStart(16, "0")}`,
  );
  for (const source of sources) {
    await report.check(`roam ids ${source.split("/").at(-1)}`, async () => {
      const got = await roam(["ids", source]);
      expectOutcome(got, { exit: 0 });
      expectEqual(
        "ids",
        got.out
          .trimEnd()
          .split("\n")
          .map((line) => line.split(" ")[0]),
        wanted,
      );
    });
    await report.check(`roam ls ${source.split("/").at(-1)}`, async () => {
      expectOutcome(await roam(["ls", source]), {
        exit: 0,
        out: /^[\s\S]*Testbed\n[\s\S]* {2}echo\(message: String\) -> String\n/,
      });
    });
  }
  const [first = ""] = sources;
  for (const source of sources.slice(1)) {
    await report.check(
      `roam diff says that ${first.split("/").at(-1)} and ${source.split("/").at(-1)} are the same`,
      async () => {
        expectOutcome(await roam(["diff", first, source]), {
          exit: 0,
          out: "16 methods: 0 break, 0 changed safely, 16 same\n",
        });
      },
    );
  }
  await report.check("roam diff tells of a break, and exits with 1", async () => {
    const document = readFileSync(place.path("testbed.json"), "utf8");
    const at = document.indexOf('"Person":{');
    const edited = place.write(
      "edited.json",
      document.slice(0, at) + document.slice(at).replace('"u8"', '"u16"'),
    );
    expectOutcome(await roam(["diff", place.path("testbed.json"), edited]), {
      exit: 1,
      out: /~ Testbed\.lookup {2}0xe71a0faedd014e59 unchanged {2}breaks\n {4}Person\.age: type changed: u8 to u16 {2}\(changes the bytes, not the id\)/,
    });
  });
}

/** `generate`: writes, checks, watches. */
export async function checkGenerate(place: Place, source: string, report: Report): Promise<void> {
  const out = place.path("generated");
  await report.check("roam generate, then --check", async () => {
    expectOutcome(await roam(["generate", source, "--out", out]), { exit: 0, out: /wrote .*testbed\.ts\n/ });
    expectOutcome(await roam(["generate", source, "--out", out, "--check"]), {
      exit: 0,
      out: /same {2}.*testbed\.ts\n/,
    });
    writeFileSync(`${out}/testbed.ts`, "// out of date\n");
    expectOutcome(await roam(["generate", source, "--out", out, "--check"]), {
      exit: 1,
      out: /stale .*testbed\.ts\n/,
    });
  });
  await report.check("roam generate --watch on a terminal, until Ctrl-C", async () => {
    const schema = place.write("watched.json", readFileSync(place.path("testbed.json"), "utf8"));
    const terminal = Terminal.roam(["generate", schema, "--out", place.path("watched"), "--watch"], {
      NO_COLOR: "1",
    });
    await terminal.seen(/1 service, 16 methods[\s\S]*watching 1 file; Ctrl-C ends/);
    const before = terminal.text.length;
    const document = JSON.parse(readFileSync(schema, "utf8")) as SchemaDocument;
    const [service] = document.services;
    const fewer = { ...document, services: [{ ...service, methods: service?.methods.slice(0, 3) }] };
    writeFileSync(schema, JSON.stringify(fewer));
    await terminal.seen(/1 service, 3 methods[\s\S]*watching/, before);
    terminal.ctrlC();
    expectEqual("exit", await terminal.exited(), 130);
  });
  await report.check("roam generate --codec static, and --rust from a TypeScript module", async () => {
    const fixed = ["generate", source, "--out", place.path("static"), "--codec", "static"];
    expectOutcome(await roam(fixed), { exit: 0, out: /wrote .*testbed\.codec\.ts\n/ });
    const rust = place.path("testbed_service.rs");
    expectOutcome(await roam(["generate", place.path("testbed.ts"), "--rust", "--out", rust]), { exit: 0 });
    expectEqual("trait", /#\[roam::service\]\s+pub trait Testbed \{/.test(readFileSync(rust, "utf8")), true);
  });
  await report.check("roam generate --watch of a TypeScript module sees what changed in it", async () => {
    const module = (argument: string) => `import { method, service, t } from "roam";
export const Small = service("Small", { one: method({ ${argument}: t.u8 }) });
`;
    const file = place.write("small.ts", module("first"));
    const out = place.path("small");
    const terminal = Terminal.roam(["generate", file, "--out", out, "--watch"], { NO_COLOR: "1" });
    await terminal.seen(/watching/);
    const before = terminal.text.length;
    writeFileSync(file, module("second"));
    await terminal.seen(/wrote [\s\S]*watching/, before);
    expectEqual("text", readFileSync(`${out}/small.ts`, "utf8").includes("second"), true);
    terminal.ctrlC();
    expectEqual("exit", await terminal.exited(), 130);
  });
}

/** Peers that are asked what they serve. */
export async function checkPeers(
  ours: string,
  rust: string,
  rustSchema: string,
  report: Report,
): Promise<void> {
  await report.check("roam ls of our server, as text and as a schema", async () => {
    expectOutcome(await roam(["ls", ours]), {
      exit: 0,
      out: /^\/\/ One method for each shape of call[\s\S]*Testbed\n {2}echo\(message: String\) -> String\n/,
    });
    expectOutcome(await roam(["diff", ours, rustSchema]), {
      exit: 0,
      out: /16 methods: 0 break, 0 changed safely, 16 same/,
    });
  });
  await report.check("roam ls on a terminal has colours", async () => {
    const terminal = Terminal.roam(["ls", ours, "--long"]);
    expectEqual("exit", await terminal.exited(), 0);
    expectEqual("colour", terminal.text.includes("\u001b[1mTestbed\u001b[22m"), true);
  });
  await report.check("roam call of our server without a schema", async () => {
    expectOutcome(await roam(["call", ours, "Testbed.divide", "7", "2"]), { exit: 0, out: "3\n" });
    expectOutcome(await roam(["call", ours, "Introspection.health", ""]), { exit: 0, out: '"Serving"\n' });
  });
  await report.check("a Rust peer does not tell: the hint says what to do, --schema does it", async () => {
    expectOutcome(await roam(["ls", rust]), {
      exit: 4,
      err: /does not tell what it serves\ntry: state it with --schema/,
    });
    expectOutcome(await roam(["call", rust, "Testbed.divide", "7", "2"]), {
      exit: 4,
      err: /try: state it with --schema/,
    });
    expectOutcome(await roam(["ls", rust, "--schema", rustSchema]), {
      exit: 0,
      out: /echo\(message: String\) -> String/,
    });
  });
}
