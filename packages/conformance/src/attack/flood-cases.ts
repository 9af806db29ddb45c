import { connect } from "roam";
import { encodeClientHello } from "../../../roam/src/conduit/stable/hello.ts";
import { Difference } from "../vectors/tally.ts";
import { Desk, pause } from "./desk.ts";
import { knock } from "./knock.ts";
import { Owner } from "./owner.ts";
import type { RawSocket } from "./raw-link.ts";
import { type AttackCase, type Scene, sideBySide } from "./scene.ts";
import { showSpread, spreadOf } from "./spread.ts";

/** Handshake time of the attacked server (ms), and how much later a close may be seen under load. */
export const HANDSHAKE_TIMEOUT_MS = 3_000;
const LATE_MS = 3_000;
/** Timers fire on whole milliseconds, and the attacker counts from another moment than the server. */
const EARLY_MS = 100;
/** Longest time for a client that means well to connect and be answered (ms). */
const GOOD_CLIENT_LIMIT_MS = HANDSHAKE_TIMEOUT_MS;

/** Clients that connect, call and leave, one after the other, while others attack. */
class GoodClients {
  readonly #scene: Scene;
  readonly timesMs: number[] = [];
  readonly #done: Promise<void>;
  #isStopped = false;

  constructor(scene: Scene) {
    this.#scene = scene;
    this.#done = this.#run();
    this.#done.catch(() => {});
  }

  async #run(): Promise<void> {
    const owner = 0xffff_fffe;
    for (let number = 0; !this.#isStopped; number++) {
      const startMs = performance.now();
      const client = await connect(this.#scene.target.address, Desk);
      await client.mark({ owner, number });
      this.timesMs.push(performance.now() - startMs);
      await client.$.session.close();
      await pause(20);
    }
    this.#scene.target.log.forget(owner);
  }

  /** @throws Difference if one of them had to wait long */
  async stop(): Promise<string> {
    this.#isStopped = true;
    await this.#done;
    const slowestMs = Math.max(...this.timesMs);
    if (this.timesMs.length === 0 || slowestMs > GOOD_CLIENT_LIMIT_MS)
      throw new Difference(
        `${this.timesMs.length} good clients, the slowest served in ${slowestMs.toFixed(0)} ms`,
      );
    return `${this.timesMs.length} good clients served meanwhile in ${showSpread(spreadOf(this.timesMs))} ms, the slowest in ${slowestMs.toFixed(0)} ms`;
  }
}

/** Opens so many sockets, does something by each, and waits until the server closes them. @returns times (ms) */
async function besiege(
  scene: Scene,
  count: number,
  lanes: number,
  act: (link: RawSocket, index: number) => Promise<void>,
): Promise<readonly number[]> {
  const ends: Promise<number>[] = [];
  await sideBySide(count, lanes, async (index) => {
    const link = await scene.target.dial();
    const startMs = performance.now();
    const end = link.untilEnd("the end of a slow link", HANDSHAKE_TIMEOUT_MS + LATE_MS).then(() => {
      link.destroy();
      return performance.now() - startMs;
    });
    end.catch(() => {});
    ends.push(end);
    await act(link, index);
  });
  return Promise.all(ends);
}

function expectInTime(timesMs: readonly number[]): string {
  const [soonest, latest] = [Math.min(...timesMs), Math.max(...timesMs)];
  if (soonest < HANDSHAKE_TIMEOUT_MS - EARLY_MS)
    throw new Difference(`one was closed after ${soonest.toFixed(0)} ms`);
  return `all ${timesMs.length} closed after ${soonest.toFixed(0)} to ${latest.toFixed(0)} ms`;
}

export const helloFlood: AttackCase = {
  name: "ClientHello flood",
  expected: `half-born sessions dropped after ${HANDSHAKE_TIMEOUT_MS} ms, their keys too; others served meanwhile`,
  async run(scene) {
    const { target } = scene;
    const owner = await Owner.open(target);
    target.issued.length = 0;
    const good = new GoodClients(scene);
    const tried = 4_000;
    const timesMs = await besiege(scene, tried, 100, async (link) => {
      const hello = await knock(link);
      if (hello === undefined || hello.isRejected) throw new Difference("a fresh hello was refused");
    });
    const closed = expectInTime(timesMs);
    const served = await good.stop();
    for (let sample = 0; sample < 300; sample++)
      await scene.expectRefused({ resumeKey: scene.random.pick(target.issued) });
    await scene.expectUndisturbed(owner);
    await owner.close();
    return { tried, seen: `${closed}, 300 of their keys refused; ${served}` };
  },
};

/** What a slow one sends, and then nothing more. */
const BEGINNINGS: readonly Uint8Array[] = [
  new Uint8Array(),
  Uint8Array.of(25),
  Uint8Array.of(25, 0, 0),
  Uint8Array.of(25, 0, 0, 0),
  Uint8Array.of(
    25,
    0,
    0,
    0,
    ...encodeClientHello({ resumeKey: undefined, lastReceived: undefined }).subarray(0, 24),
  ),
  // A hello, and the beginning of a first frame.
  Uint8Array.of(
    25,
    0,
    0,
    0,
    ...encodeClientHello({ resumeKey: undefined, lastReceived: undefined }),
    9,
    0,
    0,
    0,
    0,
  ),
  // The beginning of a first message of a bare conduit.
  Uint8Array.of(40, 0, 0, 0, 0, 0),
];

export const slowHandshakes: AttackCase = {
  name: "slow handshakes, 1,000 at once",
  expected: `all closed after ${HANDSHAKE_TIMEOUT_MS} ms, others served meanwhile`,
  async run(scene) {
    const owner = await Owner.open(scene.target);
    const good = new GoodClients(scene);
    const tried = 1_000;
    const timesMs = await besiege(scene, tried, 200, async (link, index) => {
      link.writeBytes(BEGINNINGS[index % BEGINNINGS.length] as Uint8Array);
    });
    const closed = expectInTime(timesMs);
    const served = await good.stop();
    await scene.expectUndisturbed(owner);
    await owner.close();
    return { tried, seen: `${closed}; ${served}` };
  },
};
