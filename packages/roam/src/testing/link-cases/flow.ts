import type { Link, LinkPermit } from "../../link/link.ts";
import { LinkReceiver } from "../../link/link-receiver.ts";
import { claim, claimEqual, claimRejects, claimThrows, thrownBy } from "../claims.ts";
import {
  claimReceives,
  linkCase,
  pattern,
  sendPayload,
  settledOverSockets,
  writePayload,
} from "../link-case.ts";

const KIB = 1024;
const PAYLOAD_BYTES = 64 * KIB;
const PAYLOADS = 192;
/** Far above what kernels and sockets buffer, far below what is sent in all (bytes). */
const MAX_UNREAD_BYTES = 10 * KIB * KIB;

/** Sends numbered payloads as fast as permits come; `sent` says how far it is. */
function flood(link: Link): { sent(): number; readonly done: Promise<void> } {
  let sent = 0;
  const done = (async () => {
    for (; sent < PAYLOADS; sent++) await sendPayload(link.tx, new Uint8Array(PAYLOAD_BYTES).fill(sent));
  })();
  return { sent: () => sent, done };
}

/** Backpressure, pausing, limits, and the pull form on top. */
export const flowCases = [
  // r[verify link.tx.reserve]
  linkCase(
    "a paused reader stops the sender within bounds, and resuming lets everything through",
    ["link.tx.reserve"],
    async (here, there) => {
      const received: Uint8Array[] = [];
      there.rx.start(
        (payload) => received.push(payload.whole()),
        () => {},
      );
      there.rx.pause();
      const { sent, done } = flood(here);
      await settledOverSockets(sent);
      const unread = (sent() - received.length) * PAYLOAD_BYTES;
      claim(unread < MAX_UNREAD_BYTES, `${unread} bytes taken while nobody reads`);
      claimEqual(here.tx.tryReserve(), undefined, "a permit without a wait");
      there.rx.resume();
      await done;
      await settledOverSockets(() => received.length);
      claimEqual(received.length, PAYLOADS, "payloads received");
      for (const [index, payload] of received.entries()) {
        claim(
          payload.every((byte) => byte === index % 256),
          `payload ${index} is out of order`,
        );
      }
    },
    "isPausable",
  ),

  // r[verify link.split]
  linkCase(
    "a direction that is stopped does not stop the other",
    ["link.split"],
    async (here, there) => {
      there.rx.start(
        () => {},
        () => {},
      );
      there.rx.pause();
      const { sent, done } = flood(here);
      await settledOverSockets(sent);
      claim(sent() < PAYLOADS, "the flood stands still");
      const receiver = new LinkReceiver(here.rx);
      const payloads = Array.from({ length: 50 }, (_, index) => pattern(1_000, index + 1));
      for (const payload of payloads) await sendPayload(there.tx, payload);
      await claimReceives(receiver, payloads);
      there.rx.resume();
      await done;
    },
    "isPausable",
  ),

  // r[verify link.rx.recv]
  linkCase(
    "a paused reader is handed nothing until it resumes",
    ["link.rx.recv"],
    async (here, there) => {
      let received = 0;
      there.rx.start(
        () => received++,
        () => {},
      );
      there.rx.pause();
      for (let index = 0; index < 10; index++) await sendPayload(here.tx, pattern(10));
      await settledOverSockets(() => received);
      claimEqual(received, 0, "payloads while paused");
      there.rx.resume();
      await settledOverSockets(() => received);
      claimEqual(received, 10, "payloads after resuming");
    },
    "isPausable",
  ),

  // r[verify link.rx.recv]
  linkCase("one recv at a time, and aborting one loses nothing", ["link.rx.recv"], async (here, there) => {
    const receiver = new LinkReceiver(there.rx);
    const abort = new AbortController();
    const aborted = thrownBy(receiver.recv({ signal: abort.signal }), "an aborted recv");
    const second = await thrownBy(receiver.recv(), "a second recv at a time");
    claim(second instanceof TypeError, "a second recv is a usage error");
    const reason = new Error("no time");
    abort.abort(reason);
    claimEqual(await aborted, reason, "what an aborted recv rejects with");
    await sendPayload(here.tx, pattern(5));
    await claimReceives(receiver, [pattern(5)]);
    claimThrows(
      () =>
        there.rx.start(
          () => {},
          () => {},
        ),
      TypeError,
      "a second start",
    );
  }),

  // r[verify link.x.length-limit]
  // r[verify link.rx.error]
  linkCase(
    "a payload above the receiver's limit ends the link; one at the limit does not",
    ["link.x.length-limit", "link.rx.error"],
    async (here, there) => {
      there.rx.maxPayloadBytes = 1_000;
      const receiver = new LinkReceiver(there.rx);
      // The permits first: the link may be gone when the second payload has left.
      const permits = [await here.tx.reserve(), await here.tx.reserve(), await here.tx.reserve()];
      for (const [index, length] of [1_000, 1_001, 1].entries()) {
        writePayload(permits[index] as LinkPermit, pattern(length));
      }
      await claimReceives(receiver, [pattern(1_000)]);
      for (let time = 0; time < 3; time++) await claimRejects(receiver.recv(), "too-large", "recv");
      await claimRejects(there.tx.reserve(), "too-large", "reserve of the side that refused");
    },
  ),
];
