// What traces say and what they cost: `npm run -s trace:check -- [--quick]`. One line for each case; the last
// is `N passed, N failed`.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { TraceEvent } from "roam/trace";
import { Tally } from "./browser/tally.ts";
import { measureOverhead } from "./trace/overhead.ts";
import { recordSession, SECRET } from "./trace/recorded.ts";
import { EXPECTED, stallsOf, storyOf } from "./trace/story.ts";

/** Rates below these shares of the rate without a trace are no noise; a few short rounds decide nothing. */
const LEAST = { stopped: 0.85, "sample 0.01": 0.85 };

const { values } = parseArgs({ options: { quick: { type: "boolean", default: false } } });
const tally = new Tally();
const recorded = await recordSession();
const events = (side: keyof typeof recorded) =>
  recorded[side].slice(1).map((line) => JSON.parse(line) as TraceEvent);

for (const side of ["client", "server"] as const) {
  await tally.check(`the ${side} tells the story of the session`, async () => {
    // Of its own: the client that looks on has another one.
    const mine = events(side).filter(({ session }) => session === (side === "server" ? 2 : 1));
    assert.deepEqual(storyOf(mine), EXPECTED[side]);
    assert.deepEqual(stallsOf(mine), EXPECTED.stalls[side]);
  });
}

await tally.check("introspection tells the same story to another client", async () => {
  const told = events("told").filter(({ session }) => session === 2);
  assert.deepEqual(storyOf(told), EXPECTED.server);
});

await tally.check("numbers, acks, credit and round trips are in it", async () => {
  const client = events("client");
  const frames = client.filter((event) => event.kind === "message");
  const numbers = (direction: "in" | "out") =>
    frames.filter((frame) => frame.direction === direction).map(({ seq }) => seq as number);
  for (const direction of ["in", "out"] as const) {
    const seen = numbers(direction);
    assert.deepEqual(
      seen,
      seen.map((_, index) => (seen[0] as number) + index),
      "each number once, in order, over two links",
    );
  }
  assert.ok(client.some((event) => event.kind === "round-trip" && event.ms > 0));
  assert.ok(frames.some(({ tag, additional = 0 }) => tag === "ChannelGrantCredit" && additional > 0));
  const credits = events("server").flatMap((event) =>
    event.kind === "message" && event.direction === "out" && event.tag === "ChannelItem"
      ? [event.credit]
      : [],
  );
  assert.ok(credits.includes(0), "credit was used up");
});

await tally.check("every line is of the form that docs/trace.schema.json says", async () => {
  const schema = JSON.parse(
    readFileSync(new URL("../../../docs/trace.schema.json", import.meta.url), "utf8"),
  );
  const ajv = new Ajv2020({ strict: false });
  const ofForm = ajv.compile<{ kind?: string }>(schema);
  const byKind = new Map<string, number>();
  for (const lines of Object.values(recorded)) {
    for (const line of lines) {
      const value: { kind?: string } = JSON.parse(line);
      assert.ok(ofForm(value), `${line.slice(0, 300)}\n${ajv.errorsText(ofForm.errors).slice(0, 500)}`);
      byKind.set(value.kind ?? "head", (byKind.get(value.kind ?? "head") ?? 0) + 1);
    }
  }
  console.log(`       ${[...byKind].map(([kind, count]) => `${count} ${kind}`).join(", ")}`);
  assert.equal(ofForm({ t: 1, session: 1, kind: "end", surprise: true }), false, "the schema is strict");
});

await tally.check("a SENSITIVE value is nowhere", async () => {
  const all = Object.values(recorded).flat().join("\n");
  assert.ok(all.includes('{"key":"authorization","isRedacted":true}'));
  const forms = [SECRET, ...["base64", "hex"].map((form) => Buffer.from(SECRET).toString(form as "hex"))];
  for (const form of forms) assert.ok(!all.includes(form.slice(0, -4)), form);
});

await tally.check("what it costs", async () => {
  const timing = values.quick
    ? { rounds: 3, warmUpMs: 300, slices: 5, sliceMs: 60 }
    : { rounds: 9, warmUpMs: 500, slices: 10, sliceMs: 80 };
  const measured = await measureOverhead(timing);
  console.log("       | trace | calls/s | of the rate without | middle half |");
  for (const { kind, rate, ratio } of measured) {
    const { median, low, high } = ratio;
    console.log(
      `       | ${kind} | ${Math.round(rate / 1000)}k | ${median.toFixed(3)} | ${low.toFixed(3)} to ${high.toFixed(3)} |`,
    );
    const least = LEAST[kind as keyof typeof LEAST] as number | undefined;
    if (least !== undefined && !values.quick) assert.ok(median > least, `${kind}: ${median.toFixed(3)}`);
  }
});

console.log(`${tally.passed} passed, ${tally.failed} failed`);
process.exitCode = tally.failed === 0 ? 0 : 1;
