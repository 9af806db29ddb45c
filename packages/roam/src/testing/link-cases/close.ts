import { RoamError } from "../../errors.ts";
import { LinkReceiver } from "../../link/link-receiver.ts";
import { claim, claimEqual, claimRejects, thrownBy } from "../claims.ts";
import {
  claimEnded,
  claimReceives,
  linkCase,
  pattern,
  releaseAll,
  sendAll,
  sendPayload,
  takeAllPermits,
  writePayload,
} from "../link-case.ts";
import { nextRound, settled } from "../settled.ts";

/** How links end: gracefully, one direction at a time, or at once. */
export const closeCases = [
  // r[verify link.tx.close]
  // r[verify link.rx.eof]
  linkCase(
    "close delivers everything committed before it, then the end, again and again",
    ["link.tx.close", "link.rx.eof"],
    async (here, there) => {
      const receiver = new LinkReceiver(there.rx);
      const payloads = Array.from({ length: 300 }, (_, index) => pattern((index * 331) % 20_000, index + 1));
      const sending = sendAll(here.tx, payloads).then(() => here.tx.close());
      await claimReceives(receiver, payloads);
      await claimEnded(receiver);
      await sending;
    },
  ),

  // r[verify link.tx.close]
  linkCase("close in the turn of a commit loses nothing", ["link.tx.close"], async (here, there) => {
    const receiver = new LinkReceiver(there.rx);
    writePayload(await here.tx.reserve(), pattern(100_000));
    writePayload(await here.tx.reserve(), pattern(3));
    const closed = here.tx.close();
    await claimReceives(receiver, [pattern(100_000), pattern(3)]);
    await claimEnded(receiver);
    await closed;
  }),

  // r[verify link.rx.eof]
  linkCase("a link closed unused just ends", ["link.rx.eof"], async (here, there) => {
    const receiver = new LinkReceiver(there.rx);
    const waiting = receiver.recv();
    await here.tx.close();
    claimEqual(await waiting, null, "a waiting recv");
    await claimEnded(receiver);
  }),

  // r[verify link.tx.close]
  linkCase(
    "after close nothing can be reserved and permits in hand are void",
    ["link.tx.close"],
    async (here, there) => {
      const receiver = new LinkReceiver(there.rx);
      const permits = takeAllPermits(here.tx);
      const waiting = claimRejects(here.tx.reserve(), "closed", "a waiting reserve");
      const slot = permits.pop()?.alloc(5);
      const closed = here.tx.close();
      await waiting;
      await claimRejects(here.tx.reserve(), "closed", "reserve");
      claimEqual(here.tx.tryReserve(), undefined, "tryReserve");
      await claimRejects(() => slot?.commit(), "closed", "commit of a slot in hand");
      const [written, allocated] = permits.splice(0, 2);
      await claimRejects(() => written && writePayload(written, pattern(3)), "closed", "write");
      await claimRejects(() => allocated?.alloc(3).commit(), "closed", "alloc and commit");
      releaseAll(permits);
      await claimEnded(receiver);
      await closed;
      await here.tx.close();
    },
  ),

  // r[verify link.split]
  // r[verify link.tx.close]
  linkCase(
    "after our close the other direction goes on until it closes too",
    ["link.split", "link.tx.close"],
    async (here, there) => {
      const atHere = new LinkReceiver(here.rx);
      const atThere = new LinkReceiver(there.rx);
      await sendPayload(here.tx, pattern(1));
      const closed = here.tx.close();
      await claimReceives(atThere, [pattern(1)]);
      await claimEnded(atThere);
      await closed;
      const payloads = Array.from({ length: 100 }, (_, index) => pattern(index * 100, index + 1));
      const closedToo = sendAll(there.tx, payloads).then(() => there.tx.close());
      await claimReceives(atHere, payloads);
      await claimEnded(atHere);
      await closedToo;
    },
    "isHalfOpen",
  ),

  // r[verify link.tx.close]
  linkCase("when both sides close at once, both get everything", ["link.tx.close"], async (here, there) => {
    const atHere = new LinkReceiver(here.rx);
    const atThere = new LinkReceiver(there.rx);
    const payloads = Array.from({ length: 20 }, (_, index) => pattern(index * 50, index + 1));
    for (const payload of payloads) {
      await sendPayload(here.tx, payload);
      await sendPayload(there.tx, payload);
    }
    const closed = Promise.all([here.tx.close(), there.tx.close()]);
    await claimReceives(atHere, payloads);
    await claimReceives(atThere, payloads);
    await claimEnded(atHere);
    await claimEnded(atThere);
    await closed;
  }),

  // r[verify link.rx.error]
  linkCase("destroy ends both halves here with its cause, for good", ["link.rx.error"], async (here) => {
    const receiver = new LinkReceiver(here.rx);
    const permit = await here.tx.reserve();
    const held = takeAllPermits(here.tx);
    const waitingRecv = thrownBy(receiver.recv(), "a waiting recv");
    const waitingReserve = thrownBy(here.tx.reserve(), "a waiting reserve");
    const cause = new RoamError("io", "the test cut the link");
    here.destroy(cause);
    here.destroy(new RoamError("io", "too late to matter"));
    claimEqual(await waitingRecv, cause, "a waiting recv");
    claimEqual(await waitingReserve, cause, "a waiting reserve");
    for (let time = 0; time < 2; time++) {
      claimEqual(await thrownBy(receiver.recv(), "recv"), cause, "a later recv");
      claimEqual(await thrownBy(here.tx.reserve(), "reserve"), cause, "a later reserve");
    }
    claimEqual(here.tx.tryReserve(), undefined, "tryReserve");
    claimEqual(await thrownBy(() => writePayload(permit, pattern(1)), "write"), cause, "a permit in hand");
    releaseAll(held);
    await here.tx.close();
  }),

  // r[verify link.rx.error]
  // r[verify link.rx.eof]
  linkCase(
    "the far side's destroy ends this side too, for good",
    ["link.rx.error", "link.rx.eof"],
    async (here, there) => {
      const receiver = new LinkReceiver(here.rx);
      await sendPayload(there.tx, pattern(4));
      await claimReceives(receiver, [pattern(4)]);
      there.destroy();
      const outcome = () =>
        receiver.recv().then(
          (payload) => payload,
          (error: unknown) => error,
        );
      const first = await outcome();
      claim(first === null || first instanceof RoamError, `ended with ${String(first)}`);
      for (let time = 0; time < 3; time++) claimEqual(await outcome(), first, "how recv ends, again");
      // A half-open transport finds out when it next writes.
      const refused = await thrownBy(async () => {
        for (;;) {
          await sendPayload(here.tx, pattern(1_000));
          await nextRound();
        }
      }, "sending to nobody");
      claim(refused instanceof RoamError, `sending to nobody: ${String(refused)}`);
    },
  ),

  // r[verify link.rx.error]
  linkCase("after destroy no payload is handed up", ["link.rx.error"], async (here, there) => {
    let received = 0;
    const ended = new Promise<RoamError | undefined>((resolve) => {
      there.rx.start(() => {
        received++;
        // The rest of the chunk in hand is nobody's any more.
        if (received === 3) there.destroy(new RoamError("io", "seen enough"));
      }, resolve);
    });
    // In one turn, for the link may be gone in the next.
    for (let index = 0; index < 20; index++) {
      const permit = here.tx.tryReserve();
      if (permit !== undefined) writePayload(permit, pattern(10));
    }
    claimEqual((await ended)?.message, "[io] seen enough", "the cause");
    await settled();
    claimEqual(received, 3, "payloads handed up");
  }),
];
