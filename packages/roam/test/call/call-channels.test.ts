import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type ChannelOver, channel, type Middleware, method, type Rx, service, type Tx, t } from "roam";
import { settled } from "roam/testing";

import { callChannels } from "../../src/call/call-channels.ts";
import { pairOf } from "./harness.ts";

const Job = t.struct("Job", { name: t.string, progress: t.option(t.tx(t.u32)) });
const Desk = service("Desk", {
  both: method({ numbers: t.rx(t.u32), out: t.tx(t.u32) }),
  run: method({ job: Job, more: t.option(t.rx(t.u32)) }),
  plain: method({ id: t.u32 }),
});

/** Notes how the channels of the calls end. */
class Noted {
  readonly ends: Record<string, { items: number; code: string | undefined }> = {};
  readonly found: string[] = [];
  readonly middleware: Middleware = (call, next) => {
    for (const { name, direction, watch } of callChannels(call)) {
      const key = `${call.side} ${name} ${direction}`;
      this.found.push(key);
      const isWatched = watch(({ items, cause }: ChannelOver) => {
        assert.equal(key in this.ends, false, "told once");
        this.ends[key] = { items, code: cause?.code };
      });
      if (!isWatched) this.found.push("not watched");
    }
    return next();
  };
}

const sending = async ({ numbers, out }: { numbers: Rx<number>; out: Tx<number> }) => {
  for await (const number of numbers) await out.send(number);
};
const idle = { run: () => {}, plain: () => {} };

function deskOf(
  noted: Noted,
  handlers: Partial<Parameters<typeof pairOf<(typeof Desk)["methods"]>>[1]> = {},
) {
  const middleware = [noted.middleware];
  return pairOf(
    Desk,
    { both: sending, ...idle, ...handlers },
    { client: { middleware }, server: { middleware } },
  );
}

suite("the channels of a call", () => {
  test("are told of on both sides, and their ends with how many items went through", async () => {
    const noted = new Noted();
    await using pair = await deskOf(noted);
    const call = pair.client.both({ numbers: [1, 2, 3] });
    for await (const _ of call.out);
    await call;
    await settled();
    assert.deepEqual(noted.found, [
      "caller numbers out",
      "caller out in",
      "handler numbers in",
      "handler out out",
    ]);
    const whole = { items: 3, code: undefined };
    assert.deepEqual(noted.ends, {
      "caller numbers out": whole,
      "caller out in": whole,
      "handler numbers in": whole,
      "handler out out": whole,
    });
  });

  test("are those inside of arguments too, under the argument's name; not those that are left out", async () => {
    const noted = new Noted();
    await using pair = await deskOf(noted);
    const [tx, rx] = channel<number>();
    await pair.client.run({ job: { name: "a", progress: tx }, more: null });
    assert.equal((await rx.next()).done, true);
    await pair.client.run({ job: { name: "a", progress: null }, more: null });
    await pair.client.plain({ id: 1 });
    assert.deepEqual(noted.found, ["caller job in", "handler job out"]);
    assert.deepEqual(noted.ends["caller job in"], { items: 0, code: undefined });
  });

  test("end with the code of what went wrong: a reset at the far side, a session that is gone", async () => {
    const noted = new Noted();
    const pair = await deskOf(noted, { both: async ({ numbers }) => void (await numbers.next()) });
    const call = pair.client.both();
    await call.numbers.send(1);
    await call;
    await settled();
    assert.deepEqual(noted.ends["caller numbers out"], { items: 1, code: "channel-reset" });
    await pair[Symbol.asyncDispose]();

    const later = new Noted();
    const lost = await deskOf(later, { both: () => new Promise<void>(() => {}) });
    const left = lost.client.both();
    await settled();
    assert.deepEqual(later.ends, {});
    await Promise.all([assert.rejects(left, { code: "closed" }), lost[Symbol.asyncDispose]()]);
    assert.equal(Object.keys(later.ends).length, 4);
    for (const { code } of Object.values(later.ends)) assert.equal(code, "closed");
  });

  test("end where their call is never sent", async () => {
    const noted = new Noted();
    await using pair = await deskOf(noted);
    await assert.rejects(pair.client.both({}, { signal: AbortSignal.abort(new Error("no")) }), /no/);
    assert.deepEqual(Object.keys(noted.ends), ["caller numbers out", "caller out in"]);
    assert.deepEqual(noted.ends["caller out in"], { items: 0, code: "aborted" });
  });

  test("are not those of another call, which this one fails of", async () => {
    const noted = new Noted();
    await using pair = await deskOf(noted);
    const [tx] = channel<number>();
    const [, numbers] = channel<number>();
    const first = pair.client.both({ numbers, out: tx });
    await assert.rejects(pair.client.both({ numbers, out: tx }), TypeError);
    assert.deepEqual(noted.found.slice(2, 6), [
      "caller numbers out",
      "not watched",
      "caller out in",
      "not watched",
    ]);
    first.catch(() => {});
  });

  test("are told of to all who watch, handlers among them", async () => {
    const noted = new Noted();
    const seen: number[] = [];
    await using pair = await deskOf(noted, {
      both: async (args, call) => {
        for (const { watch } of call.channels) watch(({ items }) => seen.push(items));
        await sending(args);
      },
    });
    const call = pair.client.both({ numbers: [1, 2] });
    for await (const _ of call.out);
    await call;
    await settled();
    assert.deepEqual(seen, [2, 2]);
    assert.equal(Object.keys(noted.ends).length, 4);
  });

  test("are told of at once where it has ended already", async () => {
    const overs: ChannelOver[] = [];
    const late: Middleware = async (call, next) => {
      await settled();
      for (const { watch } of callChannels(call)) watch((over) => overs.push(over));
      return next();
    };
    await using pair = await pairOf(Desk, { both: () => {}, ...idle }, { server: { middleware: [late] } });
    const call = pair.client.both({ numbers: [7] });
    await call;
    assert.deepEqual(overs[0], { items: 1, cause: undefined });
  });
});
