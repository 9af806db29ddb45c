import { RoamError } from "../errors.ts";
import { claim, claimEqual, claimRejects, claimThrows, thrownBy } from "./claims.ts";
import {
  type ConduitCase,
  type ConduitTraits,
  claimClosed,
  claimItem,
  claimItems,
  conduitCase,
  type Item,
  item,
  sendItem,
  sendItems,
  takeAll,
} from "./conduit-case.ts";
import { settledOverSockets } from "./link-case.ts";
import { settled } from "./settled.ts";

const ITEMS = Array.from({ length: 300 }, (_, index) => item(index + 1, (index * 97) % 3_000));
const LAST = item(999);
/** UTF-16 that is no Unicode text has no encoding. */
const UNENCODABLE: Item = { id: 1, text: "\ud800", blob: new Uint8Array() };

/** Every promise of the conduit contract that can be seen from its two ends. */
export const conduitCases: readonly ConduitCase[] = [
  // r[verify conduit.split]
  conduitCase("a conduit is split once", ["conduit.split"], async ({ here, there }) => {
    claimThrows(() => here.split(), TypeError, "a second split");
    claimThrows(() => there.split(), TypeError, "a second split");
  }),

  // r[verify conduit]
  // r[verify conduit.split]
  // r[verify conduit.x.recv]
  conduitCase(
    "items arrive as they were sent, in order, both ways at once",
    ["conduit", "conduit.split", "conduit.x.recv"],
    async ({ tx, rx, farTx, farRx }) => {
      const backwards = ITEMS.toReversed();
      await Promise.all([
        sendItems(tx, ITEMS),
        sendItems(farTx, backwards),
        claimItems(farRx, ITEMS),
        claimItems(rx, backwards),
      ]);
    },
  ),

  // r[verify conduit.x.recv]
  conduitCase("items are pushed to one who starts the flow", ["conduit.x.recv"], async ({ tx, farRx }) => {
    const received: number[] = [];
    const ended = new Promise<unknown>((resolve) => {
      farRx.start((value) => received.push(value.id), resolve);
    });
    await sendItems(tx, ITEMS.slice(0, 100));
    const closed = tx.close();
    claimEqual(await ended, undefined, "cause of the end");
    claimEqual(
      received.join(),
      ITEMS.slice(0, 100)
        .map(({ id }) => id)
        .join(),
      "ids received",
    );
    await closed;
  }),

  // r[verify conduit.permit]
  // r[verify conduit.permit.send]
  conduitCase(
    "a permit sends one item; spent or given back, it sends no more",
    ["conduit.permit", "conduit.permit.send"],
    async ({ tx, farRx }) => {
      const permit = await tx.reserve();
      permit.send(item(1));
      claimThrows(() => permit.send(item(2)), TypeError, "a second send");
      const released = await tx.reserve();
      released.release();
      claimThrows(() => released.send(item(3)), TypeError, "send after release");
      {
        using _disposed = await tx.reserve();
      }
      await sendItem(tx, LAST);
      await claimItems(farRx, [item(1), LAST]);
    },
  ),

  // r[verify conduit.permit.send]
  conduitCase("an unused permit returns its place", ["conduit.permit.send"], async ({ tx }) => {
    const permits = takeAll(tx);
    claim(permits.length > 0, "an idle conduit has room");
    for (const permit of permits) permit.release();
    const again = takeAll(tx);
    claimEqual(again.length, permits.length, "permits to be had again");
    for (const permit of again) permit[Symbol.dispose]();
  }),

  // r[verify conduit.permit.send]
  conduitCase(
    "send encodes at once: what the sender changes afterwards does not arrive",
    ["conduit.permit.send"],
    async ({ tx, farRx }) => {
      const value: Item = { id: 7, text: "before", blob: new Uint8Array(100).fill(1) };
      (await tx.reserve()).send(value);
      value.id = 8;
      value.text = "after";
      value.blob.fill(2);
      await claimItems(farRx, [{ id: 7, text: "before", blob: new Uint8Array(100).fill(1) }]);
    },
  ),

  // r[verify conduit.permit.send]
  // r[verify conduit.x.errors]
  conduitCase(
    "an item that cannot be encoded spends its permit, sends nothing and harms nothing",
    ["conduit.permit.send", "conduit.x.errors"],
    async ({ tx, farRx }) => {
      const places = takeAll(tx);
      for (const permit of places) permit.release();
      for (let time = 0; time < 5; time++) {
        const permit = await tx.reserve();
        await claimRejects(() => permit.send(UNENCODABLE), "encode", "send");
        claimThrows(() => permit.send(item(2)), TypeError, "the permit afterwards");
      }
      const again = takeAll(tx);
      claimEqual(again.length, places.length, "permits to be had afterwards");
      for (const permit of again) permit.release();
      await sendItem(tx, LAST);
      await claimItems(farRx, [LAST]);
    },
  ),

  // r[verify conduit.permit.send]
  // r[verify conduit.x.errors]
  conduitCase(
    "an item above the limit is refused, sends nothing and harms nothing",
    ["conduit.permit.send", "conduit.x.errors"],
    async ({ tx, farRx }) => {
      tx.maxPayloadBytes = 1_000;
      for (const blobBytes of [1_000, 100_000]) {
        const permit = await tx.reserve();
        await claimRejects(() => permit.send(item(1, blobBytes)), "too-large", `${blobBytes} bytes`);
      }
      await sendItem(tx, item(2, 900));
      await claimItems(farRx, [item(2, 900)]);
    },
  ),

  // r[verify conduit.permit]
  // r[verify conduit.x.reserve]
  conduitCase(
    "reserve waits for room, serves in order, and an aborted one leaves the line",
    ["conduit.permit", "conduit.x.reserve"],
    async ({ tx }) => {
      const permits = takeAll(tx);
      const served: number[] = [];
      const abort = new AbortController();
      const wait = async (place: number, options?: { signal: AbortSignal }) => {
        const permit = await tx.reserve(options);
        served.push(place);
        return permit;
      };
      const first = wait(1);
      const second = thrownBy(wait(2, { signal: abort.signal }), "an aborted reserve");
      const third = wait(3);
      await settled();
      claimEqual(served.join(), "", "served while all permits are held");
      const reason = new Error("never mind");
      abort.abort(reason);
      claimEqual(await second, reason, "what an aborted reserve rejects with");
      permits.pop()?.release();
      const granted = await first;
      await settled();
      claimEqual(served.join(), "1", "served after one release");
      granted.release();
      (await third).release();
      for (const permit of permits) permit.release();
      const already = tx.reserve({ signal: AbortSignal.abort(reason) });
      claimEqual(await thrownBy(already, "reserve aborted before"), reason, "its reason");
    },
  ),

  // r[verify conduit.x.reserve]
  conduitCase("when the conduit dies, all who wait get its error", ["conduit.x.reserve"], async (ends) => {
    const { here, tx, rx } = ends;
    const permits = takeAll(tx);
    const cause = new RoamError("io", "the test ended it");
    const waiting = [tx.reserve(), tx.reserve(), rx.recv()].map((wait) => thrownBy(wait, "a wait"));
    here.destroy(cause);
    for (const outcome of waiting) claimEqual(await outcome, cause, "what those who wait get");
    claimEqual(await thrownBy(tx.reserve(), "reserve"), cause, "a later reserve");
    claimEqual(tx.tryReserve(), undefined, "tryReserve");
    for (let time = 0; time < 2; time++) {
      claimEqual(await thrownBy(rx.recv(), "recv"), cause, "a later recv");
    }
    const inHand = permits.pop();
    claimEqual(await thrownBy(() => inHand?.send(LAST), "send"), cause, "a permit in hand");
  }),

  // r[verify conduit.x.close]
  // r[verify conduit.x.recv]
  conduitCase(
    "close delivers everything sent, then null, again and again",
    ["conduit.x.close", "conduit.x.recv"],
    async ({ tx, farRx }) => {
      const sending = sendItems(tx, ITEMS).then(() => tx.close());
      await claimItems(farRx, ITEMS);
      await claimClosed(farRx);
      await sending;
    },
  ),

  // r[verify conduit.x.close]
  // r[verify conduit.x.errors]
  conduitCase(
    "after close nothing can be reserved and permits in hand are void",
    ["conduit.x.close", "conduit.x.errors"],
    async ({ tx, farRx }) => {
      await sendItem(tx, item(1));
      await claimItems(farRx, [item(1)]);
      const [inHand, ...others] = takeAll(tx);
      const waiting = claimRejects(tx.reserve(), "closed", "a waiting reserve");
      const closed = tx.close();
      await waiting;
      await claimRejects(tx.reserve(), "closed", "reserve");
      claimEqual(tx.tryReserve(), undefined, "tryReserve");
      await claimRejects(() => inHand?.send(LAST), "closed", "send with a permit in hand");
      for (const permit of others) permit.release();
      await claimClosed(farRx);
      await closed;
    },
  ),

  // r[verify conduit.x.close]
  conduitCase(
    "after our close the inbound direction goes on",
    ["conduit.x.close"],
    async ({ tx, rx, farTx, farRx }) => {
      // A stable conduit that has never sent can only say by its link that it is done.
      await sendItem(tx, item(1));
      await claimItems(farRx, [item(1)]);
      const closed = tx.close();
      await claimClosed(farRx);
      const sending = sendItems(farTx, ITEMS).then(() => farTx.close());
      await claimItems(rx, ITEMS);
      await claimClosed(rx);
      await sending;
      await closed;
    },
    "isHalfOpen",
  ),

  // r[verify conduit.x.recv]
  conduitCase(
    "one recv at a time; aborting one loses neither an item nor the conduit",
    ["conduit.x.recv"],
    async ({ tx, farRx }) => {
      for (let time = 0; time < 3; time++) {
        const abort = new AbortController();
        const waiting = thrownBy(farRx.recv({ signal: abort.signal }), "an aborted recv");
        claim((await thrownBy(farRx.recv(), "a second recv")) instanceof TypeError, "a usage error");
        abort.abort();
        claimEqual(await waiting, abort.signal.reason, "what an aborted recv rejects with");
        await sendItem(tx, item(time + 1));
        await claimItems(farRx, [item(time + 1)]);
      }
    },
  ),

  // r[verify conduit.x.reserve]
  conduitCase(
    "items that nobody takes stop the sender within bounds; all of them arrive in the end",
    ["conduit.x.reserve"],
    async ({ tx, farRx }) => {
      const count = 192;
      let sent = 0;
      const sending = (async () => {
        for (; sent < count; sent++) await sendItem(tx, item(sent + 1, 64 * 1024));
      })();
      // The first recv starts the flow.
      claimItem((await farRx.recv())?.value ?? LAST, item(1, 64 * 1024));
      await settledOverSockets(() => sent);
      claim(sent < count, `${sent} items of 64 KiB taken while nobody reads`);
      for (let id = 2; id <= count; id++) claimEqual((await farRx.recv())?.value.id, id, "id");
      await sending;
    },
  ),

  // r[verify zerocopy.recv]
  // r[verify zerocopy.recv.selfref]
  // r[verify zerocopy.backing]
  conduitCase(
    "a received value comes with its backing; its byte arrays are views on it and stay valid",
    ["zerocopy.recv", "zerocopy.recv.selfref", "zerocopy.backing"],
    async ({ tx, farRx }) => {
      const values = ITEMS.slice(0, 100);
      const sending = sendItems(tx, values);
      const kept: Item[] = [];
      for (const _ of values) {
        const received = await farRx.recv();
        claim(received !== null, "an item");
        const { value, backing } = received;
        claimEqual(value.blob.buffer, backing.buffer, "buffer of the byte array");
        claim(value.blob.byteOffset >= backing.byteOffset, "the byte array begins inside the backing");
        const end = value.blob.byteOffset + value.blob.length;
        claim(end <= backing.byteOffset + backing.length, "the byte array ends inside the backing");
        kept.push(value);
      }
      await sending;
      for (const [index, value] of values.entries()) claimItem(kept[index] as Item, value);
    },
  ),
];

/** The cases that a kind of conduit with these traits has to pass. */
export function conduitCasesFor(traits: ConduitTraits): readonly ConduitCase[] {
  return conduitCases.filter(({ needs }) => needs === undefined || traits[needs]);
}
