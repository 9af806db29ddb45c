import { type Client, connect, RoamError } from "roam";
import { HELLO_BYTES } from "../../../roam/src/conduit/stable/hello.ts";
import { Difference, expectEqual } from "../vectors/tally.ts";
import { CutSource } from "./cut-source.ts";
import { Desk, pause } from "./desk.ts";
import { HANDSHAKE_TIMEOUT_MS } from "./flood-cases.ts";
import { knock } from "./knock.ts";
import { type AttackCase, type Scene, until } from "./scene.ts";

/** Bytes of a ServerHello on TCP: its length, and itself. */
const ANSWER_BYTES = 4 + HELLO_BYTES;
/** Owners' numbers of the real clients here. */
const FRESH = 0xffff_ff00;
const RETURNING = 0xffff_ff01;
const KIB = 1024;

export const lostFirstAnswer: AttackCase = {
  name: "ServerHello of a new session lost at every byte",
  expected: "the client begins another session, the server drops the half-born ones in time",
  async run(scene) {
    const { target } = scene;
    target.issued.length = 0;
    const before = target.sessions.size;
    let number = 0;
    let failures = 0;
    for (let cut = 0; cut <= ANSWER_BYTES; cut++) {
      const source = new CutSource(target.port);
      source.cuts.push(cut);
      const client = await connectAgain(source, () => failures++);
      await client.mark({ owner: FRESH, number: number++ });
      await client.$.session.close();
    }
    const halfBorn = [...target.issued];
    const bornLate = halfBorn[0] as Uint8Array;
    const hello = await knock(await target.dial(), { resumeKey: bornLate });
    expectEqual("a half-born session refuses its key before its time", hello?.isRejected, false);
    await pause(HANDSHAKE_TIMEOUT_MS + 500);
    for (const resumeKey of halfBorn) await scene.expectRefused({ resumeKey });
    await until("no session is left", () => target.sessions.size <= before);
    expectMarks(scene, FRESH, number);
    return {
      tried: ANSWER_BYTES + 1,
      seen: `${failures} connects failed and were made again, ${number} of ${number} calls answered, all ${halfBorn.length} keys refused after ${HANDSHAKE_TIMEOUT_MS} ms`,
    };
  },
};

/** A user's own loop: the first connection is not made again by itself. */
async function connectAgain(
  source: CutSource,
  onFailed: () => void,
): Promise<Client<(typeof Desk)["methods"]>> {
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      return await connect(source, Desk, { conduit: "stable" });
    } catch (error) {
      if (!(error instanceof RoamError)) throw error;
      onFailed();
    }
  }
  throw new Difference("three connects failed");
}

export const lostLaterAnswer: AttackCase = {
  name: "ServerHello of a resume lost at every byte",
  expected: "the client comes back with the key that it has, nothing lost or doubled",
  async run(scene) {
    const { target } = scene;
    const source = new CutSource(target.port);
    const client = await connect(source, Desk, { reconnect: { baseMs: 1, capMs: 10 } });
    const { session } = client.$;
    let number = 0;
    for (let cut = 0; cut <= ANSWER_BYTES; cut++) {
      // Once, and twice in a row at other bytes.
      source.cuts.push(cut, scene.random.integer(0, ANSWER_BYTES));
      const calls = Array.from({ length: 8 }, () => client.mark({ owner: RETURNING, number: number++ }));
      session.dropLink("the attack");
      calls.push(client.mark({ owner: RETURNING, number: number++ }));
      await Promise.all(calls);
    }
    expectEqual("the session's end", session.hasEnded, false);
    expectMarks(scene, RETURNING, number);
    await session.close();
    return {
      tried: 2 * (ANSWER_BYTES + 1),
      seen: `${source.dials} dials, one session, ${number} of ${number} calls answered, 0 doubled`,
    };
  },
};

function expectMarks({ target }: Scene, owner: number, count: number): void {
  const { items, doubled, outOfOrder } = target.log.of(owner);
  expectEqual("calls", { items, doubled, outOfOrder }, { items: count, doubled: 0, outOfOrder: 0 });
}

export const badFirstPayload: AttackCase = {
  name: "oversized first payload, ROCH of another length",
  expected: "closed without a byte, the oversized ones on their length prefix",
  async run(scene) {
    const prefixes = [64 * KIB + 1, 2 ** 20, 2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
    for (const length of prefixes) {
      const link = await scene.target.dial();
      const prefix = Buffer.alloc(4);
      prefix.writeUInt32LE(length);
      link.writeBytes(prefix);
      await expectSilentEnd(link);
    }
    const lengths = [4, 5, 8, 20, 24, 26, 27, 32, 48, 64, 1000, 64 * KIB];
    for (const length of lengths) {
      const link = await scene.target.dial();
      const payload = scene.random.bytes(length);
      payload.set([0x52, 0x4f, 0x43, 0x48]);
      link.send(payload);
      await expectSilentEnd(link);
    }
    if (scene.victim.isDisturbed) throw new Difference("the victim's link was touched");
    return { tried: prefixes.length + lengths.length, seen: "all closed without a byte" };
  },
};

/** Sooner than a handshake that takes its time. */
async function expectSilentEnd(link: Awaited<ReturnType<Scene["target"]["dial"]>>): Promise<void> {
  await link.untilEnd("the end of a link that began badly", HANDSHAKE_TIMEOUT_MS / 2);
  expectEqual("payloads", link.received, 0);
  link.destroy();
}
