import type { Link } from "roam/link";
import {
  type ClientHello,
  decodeServerHello,
  encodeClientHello,
} from "../../../roam/src/conduit/stable/hello.ts";
import { within } from "../interop/case.ts";
import { encoded } from "../replay/scene.ts";
import { expectEqual } from "../vectors/tally.ts";
import { Owner } from "./owner.ts";
import type { RawLink } from "./raw-link.ts";
import { type AttackCase, type Scene, until } from "./scene.ts";
import { VirtualTarget } from "./target.ts";

const PONG = encoded({ tag: "Pong", connectionId: 0, nonce: 0 });

export const inconsistentNumber: AttackCase = {
  name: "right key, impossible last_received",
  expected: "refused, the owner undisturbed and its key not used up",
  async run(scene) {
    let tried = 0;
    const tryAll = async (resumeKey: Uint8Array, numbers: readonly (number | undefined)[]) => {
      for (const lastReceived of numbers) {
        await scene.expectRefused({
          resumeKey,
          lastReceived: lastReceived === undefined ? undefined : lastReceived >>> 0,
        });
        tried++;
      }
    };
    for (let round = 0; round < 15; round++) {
      const owner = await Owner.open(scene.target);
      // Nothing is acknowledged yet: the server has sent number 0 only.
      await tryAll(owner.key, [1, 1000, 2 ** 30, 2 ** 31, -1, -16]);
      for (let mark = scene.random.integer(3, 40); mark > 0; mark--) owner.mark();
      await owner.settle();
      // Acknowledges all so far; the answer to it stays unacknowledged.
      await owner.expectAlive();
      const { sent = 0, acked = 0 } = owner.session.replay ?? {};
      await tryAll(owner.key, [
        sent + 1,
        sent + 2 ** 30,
        sent + 2 ** 31,
        acked - 1,
        acked + 2 ** 31,
        -1,
        undefined,
      ]);
      await scene.expectUndisturbed(owner);
      expectEqual("the owner's resume", await owner.resume(await scene.target.dial()), true);
      await scene.expectUndisturbed(owner);
      await owner.close();
    }
    const { received } = scene.victim.numbers;
    await tryAll(scene.victim.key, [received + 2 ** 30, received + 2 ** 31, received - 10_000, undefined]);
    return { tried, seen: "all refused" };
  },
};

/** One fault by itself is forgiven on the next link; two in a row end the session. */
function faultCase(
  name: string,
  reason: "ack" | "gap",
  commit: (owner: Owner, scene: Scene) => void,
): AttackCase {
  return {
    name,
    expected: `the link is dropped and the session goes on; again on the next link, it is lost (${reason})`,
    async run(scene) {
      const rounds = 30;
      for (let round = 0; round < rounds; round++) {
        const owner = await Owner.open(scene.target);
        await owner.expectAlive();
        for (const isLast of [false, true]) {
          commit(owner, scene);
          await owner.link.untilEnd("the end of a faulty link");
          await until("detached", () => owner.session.state.kind === "detached");
          expectEqual("the resume", await owner.resume(await scene.target.dial()), true);
          if (isLast) continue;
          // A link without a fault lies between.
          await owner.expectAlive();
          expectEqual("the resume", await owner.resume(await scene.target.dial()), true);
          await owner.expectAlive();
        }
        commit(owner, scene);
        await owner.link.untilEnd("the end of a faulty link");
        const { code } = await owner.session.ended;
        expectEqual("the end of the session", code, "session-lost");
        expectEqual("its state", owner.session.state, { kind: "lost", reason });
        await scene.expectRefused({ resumeKey: owner.key, lastReceived: owner.received });
      }
      return {
        tried: 3 * rounds,
        seen: `${2 * rounds} links dropped and replaced, ${rounds} sessions lost (${reason})`,
      };
    },
  };
}

export const futureAck = faultCase("ack for the future", "ack", (owner, { random }) => {
  const { sent = 0 } = owner.session.replay ?? {};
  owner.sendRaw(owner.sent ?? 0, sent + random.pick([1, 1000, 2 ** 30]), PONG);
});

export const unwrittenAck: AttackCase = {
  name: "ack for what waits behind a link that is not read",
  expected: "the link is dropped, the session goes on",
  async run() {
    const target = await VirtualTarget.start();
    const tried = 10;
    for (let round = 0; round < tried; round++) {
      const owner = await Owner.open(target);
      const { received } = owner;
      // Answered and not acknowledged: all of it is replayed to one who says that nothing came.
      for (let answer = 0; answer < 8; answer++) owner.call("blob", { bytes: 100_000 });
      await owner.settle();
      const link = await target.dial();
      await knockAndStop(link, { resumeKey: owner.key, lastReceived: received });
      owner.sendRaw(owner.sent ?? 0, owner.session.replay?.sent, PONG, link);
      await until("detached", () => owner.session.state.kind === "detached");
      expectEqual("the resume", await owner.resume(await target.dial()), true);
      await owner.expectAlive();
      await owner.close();
    }
    return { tried, seen: "all dropped and replaced" };
  },
};

/** Comes back, and reads the answer and nothing behind it. */
async function knockAndStop(link: RawLink, hello: ClientHello): Promise<void> {
  const answered = new Promise<Uint8Array>((resolve) => {
    link.take((payload) => {
      link.pause(true);
      resolve(payload);
    });
  });
  link.send(encodeClientHello(hello));
  const { isRejected } = decodeServerHello(await within("a ServerHello", answered, 10_000));
  expectEqual("the resume is refused", isRejected, false);
}

export const gap = faultCase("gap", "gap", (owner, { random }) => {
  owner.sendRaw((owner.sent ?? 0) + random.pick([2, 3, 1000, 2 ** 30]), owner.received, PONG);
});

/** Writes a mark under a number that no owner has, in the place of one of the owner's next messages. */
function poison(owner: Owner, ahead: number, link: RawLink): void {
  const item = encoded(owner.request("mark", { owner: POISON, number: ahead }));
  owner.sendRaw((owner.sent ?? 0) + 1 + ahead, owner.received, item, link);
}
const POISON = 0xffff_fff0;

function expectNoPoison(target: { readonly log: { of(owner: number): { readonly items: number } } }): void {
  expectEqual("items of stale links", target.log.of(POISON).items, 0);
}

export const staleLink: AttackCase = {
  name: "stale link still sending after a resume",
  expected: "its bytes ignored, nothing written to it",
  async run(scene) {
    const [overTcp, halfOpen] = [80, 40];
    for (let round = 0; round < overTcp; round++) {
      const owner = await Owner.open(scene.target);
      await owner.expectAlive();
      const old = owner.link;
      expectEqual("the resume", await owner.resume(await scene.target.dial()), true);
      for (let ahead = 0; ahead < 20; ahead++) {
        poison(owner, ahead, old);
      }
      old.send(scene.random.bytes(100));
      await scene.expectUndisturbed(owner);
      await old.untilEnd("the end of the stale link");
      await owner.close();
    }
    expectNoPoison(scene.target);
    await halfOpenLinks(scene, halfOpen);
    return {
      tried: overTcp + halfOpen,
      seen: `${overTcp} over TCP closed, ${halfOpen} that cannot be closed ignored`,
    };
  },
};

/** The server cannot close the old link: its far host is cut off, and comes back. */
async function halfOpenLinks(scene: Scene, rounds: number): Promise<void> {
  const target = await VirtualTarget.start();
  const deaf = (link: Link): Link => ({ tx: link.tx, rx: link.rx, peer: link.peer, destroy() {} });
  for (let round = 0; round < rounds; round++) {
    const owner = await Owner.open(target, target.arrive(deaf));
    await owner.expectAlive();
    const old = owner.link;
    const { received } = old;
    expectEqual("the resume", await owner.resume(await target.dial()), true);
    for (let ahead = 0; ahead < 20; ahead++) {
      poison(owner, ahead, old);
    }
    owner.sendRaw(owner.sent ?? 0, 2 ** 20, PONG, old);
    old.send(scene.random.bytes(100));
    await scene.expectUndisturbed(owner);
    expectEqual("payloads written to the stale link", old.received, received);
    await owner.close();
  }
  expectNoPoison(target);
}
