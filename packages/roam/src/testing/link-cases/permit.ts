import { LinkReceiver } from "../../link/link-receiver.ts";
import { claim, claimEqual, claimRejects, claimThrows, thrownBy } from "../claims.ts";
import {
  capacityOf,
  claimReceives,
  linkCase,
  pattern,
  regainsCapacity,
  releaseAll,
  sendPayload,
  takeAllPermits,
  writePayload,
} from "../link-case.ts";
import { settled } from "../settled.ts";

const LAST = pattern(9, 99);

/** Reserve, alloc, commit: what each step promises, and what is left when one is not taken. */
export const permitCases = [
  // r[verify link.tx.reserve]
  // r[verify link.tx.permit.drop]
  linkCase(
    "a permit is spent by its first use; a second use throws and sends nothing",
    ["link.tx.reserve", "link.tx.permit.drop"],
    async (here, there) => {
      const receiver = new LinkReceiver(there.rx);
      const written = await here.tx.reserve();
      writePayload(written, pattern(3));
      claimThrows(() => writePayload(written, pattern(4)), TypeError, "a second write");
      claimThrows(() => written.alloc(1), TypeError, "alloc after write");
      const allocated = await here.tx.reserve();
      const slot = allocated.alloc(1);
      claimThrows(() => allocated.alloc(1), TypeError, "a second alloc");
      slot.bytes[0] = 7;
      slot.commit();
      claimThrows(() => slot.commit(), TypeError, "a second commit");
      await sendPayload(here.tx, LAST);
      await claimReceives(receiver, [pattern(3), Uint8Array.of(7), LAST]);
    },
  ),

  // r[verify link.tx.permit.drop]
  linkCase(
    "a permit given back frees its place and puts nothing on the wire",
    ["link.tx.permit.drop"],
    async (here, there) => {
      const receiver = new LinkReceiver(there.rx);
      const full = capacityOf(here.tx);
      claim(full > 0, "an idle link has room");
      for (let time = 0; time < 3; time++) releaseAll(takeAllPermits(here.tx));
      {
        using _disposed = await here.tx.reserve();
        const released = await here.tx.reserve();
        released.release();
        released.release();
        claimThrows(() => released.alloc(1), TypeError, "alloc after release");
      }
      claimEqual(capacityOf(here.tx), full, "permits afterwards");
      await sendPayload(here.tx, LAST);
      await claimReceives(receiver, [LAST]);
    },
  ),

  // r[verify link.tx.reserve]
  // r[verify link.tx.cancel-safe]
  linkCase(
    "waiting reserves are served in order; an aborted one leaves the line with its reason",
    ["link.tx.reserve", "link.tx.cancel-safe"],
    async (here, there) => {
      const receiver = new LinkReceiver(there.rx);
      const held = takeAllPermits(here.tx);
      const served: string[] = [];
      const abort = new AbortController();
      const wait = async (name: string, signal?: AbortSignal) => {
        const permit = await here.tx.reserve(signal === undefined ? {} : { signal });
        served.push(name);
        return permit;
      };
      const first = wait("first");
      const second = wait("second", abort.signal);
      const third = wait("third");
      const refused = thrownBy(second, "an aborted reserve");
      await settled();
      claimEqual(served.join(), "", "served while all permits are held");
      const reason = new Error("changed my mind");
      abort.abort(reason);
      claimEqual(await refused, reason, "what an aborted reserve rejects with");
      held.pop()?.release();
      const permit = await first;
      await settled();
      claimEqual(served.join(), "first", "served after one release");
      claimEqual(here.tx.tryReserve(), undefined, "tryReserve past those who wait");
      permit.release();
      const last = await third;
      claimEqual(served.join(), "first,third", "served after two releases");
      releaseAll(held);
      writePayload(last, LAST);
      await claimReceives(receiver, [LAST]);
    },
  ),

  // r[verify link.tx.cancel-safe]
  linkCase("a reserve aborted before it began takes nothing", ["link.tx.cancel-safe"], async (here) => {
    const full = capacityOf(here.tx);
    const reason = new Error("too late");
    const refused = here.tx.reserve({ signal: AbortSignal.abort(reason) });
    claimEqual(await thrownBy(refused, "reserve"), reason, "its reason");
    claimEqual(capacityOf(here.tx), full, "permits afterwards");
  }),

  // r[verify link.tx.alloc.limits]
  linkCase(
    "alloc beyond the limit fails at once, gives the permit back and leaves the link usable",
    ["link.tx.alloc.limits"],
    async (here, there) => {
      const receiver = new LinkReceiver(there.rx);
      const full = capacityOf(here.tx);
      here.tx.maxPayloadBytes = 1_000;
      for (const length of [1_001, 2_000_000, 0xffff_ffff]) {
        const permit = await here.tx.reserve();
        await claimRejects(() => permit.alloc(length), "too-large", `alloc(${length})`);
      }
      const tooMuch = await here.tx.reserve();
      await claimRejects(() => writePayload(tooMuch, pattern(1_001)), "too-large", "write of 1001 bytes");
      const gathered = await here.tx.reserve();
      await claimRejects(() => writePayload(gathered, pattern(100_000)), "too-large", "a large write");
      await regainsCapacity(here.tx, full);
      const slot = (await here.tx.reserve()).alloc(1_000);
      slot.bytes.set(pattern(1_000));
      slot.commit();
      await sendPayload(here.tx, pattern(1_000, 2));
      await claimReceives(receiver, [pattern(1_000), pattern(1_000, 2)]);
    },
  ),

  // r[verify link.tx.slot.len]
  linkCase("a slot has exactly the bytes asked for", ["link.tx.slot.len"], async (here, there) => {
    const receiver = new LinkReceiver(there.rx);
    const lengths = [0, 1, 1_000, 70_000];
    for (const length of lengths) {
      const slot = (await here.tx.reserve()).alloc(length);
      claimEqual(slot.bytes.length, length, "length of the slot");
      for (let at = 0; at < length; at++) slot.bytes[at] = at % 251;
      slot.commit();
    }
    await claimReceives(
      receiver,
      lengths.map((length) => Uint8Array.from({ length }, (_, at) => at % 251)),
    );
  }),

  // r[verify link.tx.discard]
  linkCase("a slot dropped before its commit vanishes", ["link.tx.discard"], async (here, there) => {
    const receiver = new LinkReceiver(there.rx);
    const full = capacityOf(here.tx);
    for (const length of [0, 10, 70_000]) {
      using slot = (await here.tx.reserve()).alloc(length);
      slot.bytes.fill(1);
    }
    const slot = (await here.tx.reserve()).alloc(4);
    slot[Symbol.dispose]();
    claimThrows(() => slot.commit(), TypeError, "commit of a discarded slot");
    claimEqual(capacityOf(here.tx), full, "permits afterwards");
    await sendPayload(here.tx, LAST);
    await claimReceives(receiver, [LAST]);
  }),

  // r[verify link.tx.commit]
  linkCase(
    "commit publishes the bytes of that moment; later writes to the slot stay here",
    ["link.tx.commit"],
    async (here, there) => {
      const receiver = new LinkReceiver(there.rx);
      const lengths = [1, 1_000, 16_384, 300_000];
      const slots = [];
      for (const length of lengths) {
        const slot = (await here.tx.reserve()).alloc(length);
        slot.bytes.fill(1);
        slot.commit();
        slot.bytes.fill(2);
        slots.push(slot);
      }
      await settled();
      for (const slot of slots) slot.bytes.fill(3);
      await claimReceives(
        receiver,
        lengths.map((length) => new Uint8Array(length).fill(1)),
      );
    },
  ),

  // r[verify link.tx.commit]
  linkCase(
    "a write whose encoder throws sends nothing, whatever it had written",
    ["link.tx.commit"],
    async (here, there) => {
      const receiver = new LinkReceiver(there.rx);
      const full = capacityOf(here.tx);
      const refusal = new Error("this value has no encoding");
      await sendPayload(here.tx, pattern(5));
      for (const length of [0, 100, 20_000, 500_000]) {
        const permit = await here.tx.reserve();
        const thrown = thrownBy(
          () =>
            permit.write(length, (writer) => {
              writer.raw(pattern(length));
              writer.string("half of it");
              throw refusal;
            }),
          "write",
        );
        claimEqual(await thrown, refusal, "what write throws");
        claimThrows(() => permit.alloc(1), TypeError, "the permit afterwards");
        await sendPayload(here.tx, pattern(6, length + 1));
      }
      await claimReceives(receiver, [
        pattern(5),
        ...[0, 100, 20_000, 500_000].map((length) => pattern(6, length + 1)),
      ]);
      await regainsCapacity(here.tx, full);
    },
  ),
];
