import { LinkReceiver } from "../../link/link-receiver.ts";
import { claimBytes, claimEqual } from "../claims.ts";
import { claimReceives, commitPayload, linkCase, pattern, sendAll, sendPayload } from "../link-case.ts";

const KIB = 1024;
// Around the sizes at which varints, chunks, buffers and the gathering of large arrays change.
const SIZES = [0, 1, 2, 3, 4, 5, 127, 128, 255, 256, 4_095, 16_379, 16_380, 16_384, 65_532, 65_536, 65_537];

/** What arrives is what was sent: whole, in order, once, and the receiver's own. */
export const payloadCases = [
  // r[verify link]
  // r[verify link.message]
  // r[verify link.order]
  // r[verify link.rx.recv]
  linkCase(
    "payloads of all sizes arrive whole and in order, written or committed by slots",
    ["link", "link.message", "link.order", "link.rx.recv"],
    async (here, there) => {
      const receiver = new LinkReceiver(there.rx);
      const payloads = [...SIZES, ...SIZES.toReversed()].map((size, index) => pattern(size, index + 1));
      const sending = (async () => {
        for (const [index, payload] of payloads.entries()) {
          await (index % 2 === 0 ? sendPayload(here.tx, payload) : commitPayload(here.tx, payload));
        }
      })();
      await claimReceives(receiver, payloads);
      await sending;
    },
  ),

  // r[verify link.message]
  // r[verify link.order]
  linkCase(
    "many payloads of one turn arrive one by one",
    ["link.message", "link.order"],
    async (here, there) => {
      const receiver = new LinkReceiver(there.rx);
      const payloads = Array.from({ length: 3_000 }, (_, index) => pattern(index % 40, index + 1));
      const sending = sendAll(here.tx, payloads);
      await claimReceives(receiver, payloads);
      await sending;
    },
  ),

  // r[verify link.message.empty]
  linkCase("empty payloads arrive as empty payloads", ["link.message.empty"], async (here, there) => {
    const receiver = new LinkReceiver(there.rx);
    const payloads = [0, 0, 1, 0, 2, 0, 0].map((length) => pattern(length));
    for (const payload of payloads) await sendPayload(here.tx, payload);
    await commitPayload(here.tx, new Uint8Array());
    await claimReceives(receiver, [...payloads, new Uint8Array()]);
  }),

  // r[verify link.message]
  linkCase("payloads of several MiB arrive whole", ["link.message"], async (here, there) => {
    const receiver = new LinkReceiver(there.rx);
    const payloads = [5 * KIB * KIB + 1, 3, 2 * KIB * KIB, 1].map((length) => pattern(length, length));
    const sending = sendAll(here.tx, payloads);
    await claimReceives(receiver, payloads);
    await sending;
  }),

  // r[verify link.split]
  linkCase(
    "both directions carry payloads at once, and a waiting recv blocks neither",
    ["link.split"],
    async (here, there) => {
      const atHere = new LinkReceiver(here.rx);
      const atThere = new LinkReceiver(there.rx);
      // Both wait before anything is sent.
      const first = [atHere.recv(), atThere.recv()] as const;
      const payloads = Array.from({ length: 200 }, (_, index) => pattern(index * 7, index + 1));
      const backwards = payloads.map((payload) => payload.toReversed());
      const [head, ...rest] = payloads;
      const [headBack, ...restBack] = backwards;
      await Promise.all([
        sendAll(here.tx, payloads),
        sendAll(there.tx, backwards),
        first[1].then((payload) => claimBytes(payload, head as Uint8Array)),
        first[0].then((payload) => claimBytes(payload, headBack as Uint8Array)),
        first[1].then(() => claimReceives(atThere, rest)),
        first[0].then(() => claimReceives(atHere, restBack)),
      ]);
    },
  ),

  // r[verify link.rx.recv]
  // r[verify zerocopy.backing.boxed]
  linkCase(
    "a received payload stays as it is, whatever arrives later and whatever is done to others",
    ["link.rx.recv", "zerocopy.backing.boxed"],
    async (here, there) => {
      const receiver = new LinkReceiver(there.rx);
      const payloads = Array.from({ length: 400 }, (_, index) =>
        pattern(1 + ((index * 37) % 3_000), index + 1),
      );
      const sending = sendAll(here.tx, payloads);
      const kept: Uint8Array[] = [];
      for (const _ of payloads) {
        const payload = (await receiver.recv()) as Uint8Array;
        // The receiver may do what it likes with its own: every other one is overwritten.
        if (kept.length % 2 === 1) payload.fill(0xee);
        kept.push(payload);
      }
      await sending;
      for (const [index, payload] of payloads.entries()) {
        if (index % 2 === 0) claimBytes(kept[index] as Uint8Array, payload, `payload ${index}`);
      }
    },
  ),

  // r[verify link.order]
  linkCase("the order of commits counts, not that of allocs", ["link.order"], async (here, there) => {
    const receiver = new LinkReceiver(there.rx);
    const slots = [];
    for (const value of [1, 2, 3]) {
      const slot = (await here.tx.reserve()).alloc(2);
      slot.bytes.fill(value);
      slots.push(slot);
    }
    const [first, second, third] = slots;
    third?.commit();
    first?.commit();
    second?.commit();
    await claimReceives(receiver, [
      new Uint8Array(2).fill(3),
      new Uint8Array(2).fill(1),
      new Uint8Array(2).fill(2),
    ]);
  }),

  // r[verify link.order]
  linkCase("payloads that came before `start` are not lost", ["link.order"], async (here, there) => {
    const payloads = Array.from({ length: 20 }, (_, index) => pattern(100 + index, index + 1));
    for (const payload of payloads) await sendPayload(here.tx, payload);
    // An answer shows that the link has had its chance to read, as far as it does so unasked.
    const answers = new LinkReceiver(here.rx);
    await sendPayload(there.tx, pattern(1));
    await claimReceives(answers, [pattern(1)]);
    const receiver = new LinkReceiver(there.rx);
    await claimReceives(receiver, payloads);
    claimEqual(typeof there.peer, "string", "what is known of the peer");
  }),
];
