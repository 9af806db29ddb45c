import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { noLeaks } from "roam/testing";
import { loadNative } from "../../src/shm/native.ts";
import { SocketBell } from "../../src/shm/socket-bell.ts";

const native = await loadNative();

function pair(): readonly [SocketBell, SocketBell] {
  const [here, there] = native.socketPair("stream");
  return [new SocketBell(native, here), new SocketBell(native, there)];
}

/** Rings heard so far, and whether the other side is gone. */
function listen(bell: SocketBell) {
  const heard = { rings: 0, isGone: false };
  bell.listen(
    () => heard.rings++,
    () => {
      heard.isGone = true;
    },
  );
  return heard;
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1));
}

suite("SocketBell", () => {
  // r[verify shm.signal.doorbell]
  // r[verify shm.signal.doorbell.wait]
  test("each side wakes the other; rings that come together are one", () =>
    noLeaks(async () => {
      const [here, there] = pair();
      const [atHere, atThere] = [listen(here), listen(there)];
      for (let ring = 0; ring < 100; ring++) here.ring();
      await until(() => atThere.rings > 0);
      there.ring();
      await until(() => atHere.rings > 0);
      assert(atThere.rings < 100, `${atThere.rings} times woken`);
      here.close();
      there.close();
      await Promise.all([here.gone, there.gone]);
    }));

  // r[verify shm.signal.doorbell.signal]
  test("ringing never waits: a buffer that is full is as good", () =>
    noLeaks(async () => {
      const [here, raw] = native.socketPair("stream");
      const bell = new SocketBell(native, here);
      listen(bell);
      for (let ring = 0; ring < 100_000; ring++) bell.ring();
      assert.equal(native.send(raw, Uint8Array.of(1)), true, "the other direction is free");
      bell.close();
      native.close(raw);
      await bell.gone;
    }));

  // r[verify shm.signal.doorbell.death]
  test("the end of the other side is told once, also to one that listens later, and ringing is harmless then", () =>
    noLeaks(async () => {
      const [here, raw] = native.socketPair("stream");
      const bell = new SocketBell(native, here);
      native.close(raw);
      await bell.gone;
      const heard = listen(bell);
      await until(() => heard.isGone);
      for (let ring = 0; ring < 10; ring++) bell.ring();
      bell.close();
    }));

  test("closed here, it still sees the other side's end, and keeps nobody alive for it", () =>
    noLeaks(async () => {
      const [here, there] = pair();
      const heard = listen(there);
      listen(here);
      here.close();
      await until(() => heard.isGone);
      assert.equal(heard.rings, 0);
      let isSeen = false;
      void here.gone.then(() => {
        isSeen = true;
      });
      await until(() => isSeen);
    }));

  test("destroyed, it is gone whatever the other side does", () =>
    noLeaks(async () => {
      const [here, raw] = native.socketPair("stream");
      const bell = new SocketBell(native, here);
      listen(bell);
      bell.destroy();
      await bell.gone;
      native.close(raw);
    }));
});
