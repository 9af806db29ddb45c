import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { LiveTrace } from "../../src/inspect/live-trace.ts";

const HEAD = '{"roamTrace":1}\n';
const line = (t: number) => `${JSON.stringify({ t, session: 1, kind: "permit-wait", ms: 1 })}\n`;

async function rest(reader: AsyncGenerator<string>): Promise<string> {
  let text = "";
  for await (const part of reader) text += part;
  return text;
}

suite("a live trace", () => {
  test("gives each reader the head, the past and what comes", async () => {
    const live = new LiveTrace();
    const { signal } = new AbortController();
    const early = rest(live.read(signal));
    live.add(`${HEAD}${line(1)}`);
    live.add(line(2));
    const late = rest(live.read(signal));
    live.add(line(3));
    live.end();
    const all = `${HEAD}${line(1)}${line(2)}${line(3)}`;
    assert.deepEqual([await early, await late, await rest(live.read(signal))], [all, all, all]);
  });

  test("leaves out what a slow reader has no room for, and says how much", async () => {
    const live = new LiveTrace({ mostWaiting: line(1).length * 3 });
    const slow = live.read(new AbortController().signal);
    live.add(HEAD);
    assert.equal((await slow.next()).value, HEAD);
    const taken = slow.next();
    live.add(line(1));
    assert.equal((await taken).value, line(1));
    for (let t = 2; t <= 8; t++) live.add(line(t));
    assert.equal((await slow.next()).value, line(2) + line(3) + line(4));
    live.add(line(9));
    live.end();
    assert.equal(await rest(slow), `{"t":9,"session":1,"kind":"dropped","count":4}\n${line(9)}`);
  });

  test("keeps a bounded past, and says what it has forgotten", async () => {
    const live = new LiveTrace({ mostKept: line(1).length * 2 });
    live.add(HEAD);
    for (let t = 1; t <= 5; t++) live.add(line(t));
    live.end();
    const text = await rest(live.read(new AbortController().signal));
    assert.equal(text, `${HEAD}{"t":4,"session":1,"kind":"dropped","count":3}\n${line(4)}${line(5)}`);
  });

  test("lets a reader go", async () => {
    const live = new LiveTrace();
    const gone = new AbortController();
    const reader = rest(live.read(gone.signal));
    live.add(HEAD);
    gone.abort();
    assert.equal(await reader, HEAD);
    live.add(line(1));
  });
});
