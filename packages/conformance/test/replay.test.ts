import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { adapted } from "../src/replay/differences.ts";
import { RecordedMethods } from "../src/replay/methods.ts";
import { replay } from "../src/replay/replay.ts";
import { replayDirectory } from "../src/replay/replay-transcripts.ts";
import {
  isStep,
  type MessageOf,
  type MessageStep,
  type Scene,
  type Step,
  saying,
  sceneOf,
} from "../src/replay/scene.ts";
import type { RecordedService, Side, Transcript } from "../src/transcript.ts";
import { COMMITTED_VECTORS } from "../src/vectors/check-file.ts";

const read = (file: string): unknown => JSON.parse(readFileSync(join(COMMITTED_VECTORS, file), "utf8"));
const transcripts = read("transcripts.json") as readonly Transcript[];
const methods = RecordedMethods.from(read("transcripts_service.json") as RecordedService);

type Tag = Parameters<typeof isStep>[1];
type Change = (steps: readonly Step[]) => readonly Step[];

function recorded(name: string, role: Side): Scene {
  const transcript = transcripts.find((each) => each.name === `bare: ${name}`);
  assert.ok(transcript !== undefined, name);
  return sceneOf(transcript, role);
}

/** The nth of the steps of one side that have the tag; -1 is the last one. */
function find<T extends Tag>(steps: readonly Step[], isOurs: boolean, tag: T, nth = 0): MessageStep<T> {
  const found = steps.filter((step) => step.isOurs === isOurs && isStep(step, tag)).at(nth);
  assert.ok(found !== undefined);
  return found as MessageStep<T>;
}

/** Replaces our nth message of a kind. */
const ours =
  <T extends Tag>(tag: T, change: (message: MessageOf<T>) => Partial<MessageOf<T>>, nth?: number): Change =>
  (steps) => {
    const step = find(steps, true, tag, nth);
    const changed = saying(step, { ...step.message, ...change(step.message) } as MessageOf<T>);
    return steps.map((each) => (each === step ? changed : each));
  };

const without =
  (isOurs: boolean, tag: Tag, nth?: number): Change =>
  (steps) => {
    const step = find(steps, isOurs, tag, nth);
    return steps.filter((each) => each !== step);
  };

const twice =
  (tag: Tag): Change =>
  (steps) => {
    const step = find(steps, true, tag);
    return steps.flatMap((each) => (each === step ? [step, step] : [each]));
  };

const toCallee = "channel from caller to callee, credit 16 used up";
const toCaller = "channel from callee to caller";

suite("the committed scenes", () => {
  test("are replayed in each role", async () => {
    const roles = await replayDirectory(COMMITTED_VECTORS);
    for (const [role, { passed, failures }] of roles) {
      assert.deepEqual(failures, [], role);
      assert.equal(passed, 59, role);
    }
  });

  test("show the listed differences and no others", async () => {
    const roles = await replayDirectory(COMMITTED_VECTORS);
    assert.equal(roles.get("initiator")?.notes[0], "7 listed differences");
    assert.match(roles.get("initiator")?.notes[1] ?? "", /[1-9]\d* ack frames .* 30 close frames/);
    assert.equal(roles.get("acceptor")?.notes[0], "3 listed differences");
    assert.match(roles.get("acceptor")?.notes[1] ?? "", /[1-9]\d* ack frames .* 0 close frames/);
  });
});

suite("a scene that does not go as recorded fails", () => {
  for (const { name, scene, role, change, reason } of [
    {
      name: "another version in our Hello",
      scene: "unary calls",
      role: "initiator",
      change: ours("Hello", () => ({ version: 8 })),
      reason: /entry 0: expected .*"version":8.*, got .*"version":7/,
    },
    {
      name: "a parity that is not left in our HelloYourself",
      scene: "unary calls",
      role: "acceptor",
      change: ours("HelloYourself", ({ settings }) => ({ settings: { ...settings, parity: "odd" } })),
      reason: /entry 1: expected .*"parity":"odd".*, got .*"parity":"even"/,
    },
    {
      name: "a request id that is not the next one",
      scene: "unary calls",
      role: "initiator",
      change: ours("RequestCall", () => ({ id: 7 })),
      reason: /entry 2: expected .*"id":7.*, got .*"id":1,/,
    },
    {
      name: "a response to a call that was not made",
      scene: "unary calls",
      role: "acceptor",
      change: ours("RequestResponse", () => ({ id: 9 })),
      reason: /entry 3: expected .*"id":9.*, got nothing/,
    },
    {
      name: "a call that the other side did not make",
      scene: "unary calls",
      role: "acceptor",
      change: without(false, "RequestCall"),
      reason: /entry 3: expected .*"id":1,.*, got nothing/,
    },
    {
      name: "a response fewer",
      scene: "unknown method",
      role: "acceptor",
      change: without(true, "RequestResponse"),
      reason: /expected .*"id":3,.*, got .*"id":1,.*"ret":"hex 0101"/,
    },
    {
      name: "a value from a method that is unknown",
      scene: "unknown method",
      role: "acceptor",
      change: ours("RequestResponse", () => ({ ret: Uint8Array.of(0, 6) })),
      reason: /expected .*"ret":"hex 0006".*, got .*"ret":"hex 0101"/,
    },
    {
      name: "a handler behind arguments that do not decode",
      scene: "invalid payload",
      role: "acceptor",
      change: ours("RequestResponse", () => ({ ret: Uint8Array.of(1, 3) })),
      reason: /expected .*"ret":"hex 0103".*, got .*"ret":"hex 0102"/,
    },
    {
      name: "another grant",
      scene: toCallee,
      role: "acceptor",
      change: ours("ChannelGrantCredit", () => ({ additional: 7 })),
      reason: /expected .*"additional":7.*, got/,
    },
    {
      name: "a grant fewer",
      scene: toCallee,
      role: "acceptor",
      change: without(true, "ChannelGrantCredit"),
      reason: /expected .*, got .*flow-control.credit.exhaustion/,
    },
    {
      name: "a grant more",
      scene: toCallee,
      role: "acceptor",
      change: twice("ChannelGrantCredit"),
      reason: /item 40 of channel 1|expected .*, got nothing/,
    },
    {
      name: "an item that the other side did not send",
      scene: toCallee,
      role: "acceptor",
      change: without(false, "ChannelItem"),
      reason: /entry 20: expected .*GrantCredit.*, got nothing/,
    },
    {
      name: "an item without credit",
      scene: toCallee,
      role: "initiator",
      change: without(false, "ChannelGrantCredit", 1),
      reason: /entry 29: expected .*ChannelItem.*, got nothing/,
    },
    {
      name: "an item after the channel was closed",
      scene: toCaller,
      role: "acceptor",
      change: (steps: readonly Step[]) => {
        const item = find(steps, true, "ChannelItem", -1);
        const close = find(steps, true, "ChannelClose");
        return steps.map((step) => (step === item ? close : step === close ? item : step));
      },
      reason: /item 39 of channel 1 .*closed/,
    },
    {
      name: "an item on another channel",
      scene: toCallee,
      role: "initiator",
      change: ours("ChannelItem", () => ({ id: 3 })),
      reason: /nobody here holds such an end of channel 3/,
    },
    {
      name: "an accept of another parity than is left",
      scene: "virtual connection: open, accept, call, close by dropping the caller",
      role: "acceptor",
      change: ours("ConnectionAccept", ({ settings }) => ({ settings: { ...settings, parity: "odd" } })),
      reason: /expected .*"parity":"odd".*, got .*"parity":"even"/,
    },
    {
      name: "a connection id that is not the next one",
      scene: "virtual connection: open, accept, call, close by dropping the caller",
      role: "initiator",
      change: ours("ConnectionOpen", () => ({ connectionId: 5 })),
      reason: /expected .*"connectionId":5.*, got .*"connectionId":1/,
    },
    {
      name: "a Ping out of turn",
      scene: "keepalive ping and pong",
      role: "initiator",
      change: ours("Ping", () => ({ nonce: 2 })),
      reason: /expected .*"nonce":2.*, got .*"nonce":1/,
    },
    {
      name: "a Ping without its Pong",
      scene: "keepalive ping and pong",
      role: "acceptor",
      change: without(true, "Pong"),
      reason: /expected .*"nonce":2.*, got .*"nonce":1/,
    },
    {
      name: "bytes that are no message",
      scene: "unary calls",
      role: "acceptor",
      change: (steps: readonly Step[]) => {
        const call = find(steps, false, "RequestCall", -1);
        return steps.map((step) => (step === call ? { ...call, payload: Uint8Array.of(0, 55) } : step));
      },
      reason: /expected .*, got .*"tag":"ProtocolError"/,
    },
    {
      name: "an end that is not recorded",
      scene: "unary calls",
      role: "acceptor",
      change: (steps: readonly Step[]) => steps.filter((step) => step.kind !== "close" || !step.isOurs),
      reason: /expected nothing more, got the end of the link/,
    },
  ] as readonly {
    name: string;
    scene: string;
    role: Side;
    change: Change;
    reason: RegExp;
  }[]) {
    test(`${name}, as ${role}`, async () => {
      const whole = recorded(scene, role);
      await replay(whole, methods);
      await assert.rejects(
        replay({ ...whole, steps: change(whole.steps) }, methods),
        ({ message }: Error) => {
          assert.match(message, reason);
          return true;
        },
      );
    });
  }
});

suite("a listed difference", () => {
  const tooMany = "more requests in flight than the peer advertised";
  /** The answers in the opposite order: the calls held back are answered first. */
  const answeredBackwards: Change = (steps) => {
    const answers = steps.filter((step) => isStep(step, "RequestResponse"));
    return steps.map((step) => (isStep(step, "RequestResponse") ? (answers.pop() as Step) : step));
  };
  const asRecorded: Change = (steps) => steps;

  for (const { rule, scene, role, change } of [
    {
      rule: "rpc.channel.discovery",
      scene: "channel inside a struct argument",
      role: "initiator",
      change: asRecorded,
    },
    { rule: "rpc.x.args", scene: "channel inside a struct argument", role: "acceptor", change: asRecorded },
    {
      rule: "rpc.unknown-method",
      scene: "unknown method",
      role: "acceptor",
      change: ours("RequestResponse", () => ({ ret: Uint8Array.of(1, 3) })),
    },
    {
      rule: "connection.close",
      scene: "virtual connection with even parity, a channel on it, closed explicitly with metadata",
      role: "initiator",
      change: asRecorded,
    },
    {
      rule: "rpc.flow-control.max-concurrent-requests",
      scene: tooMany,
      role: "initiator",
      change: asRecorded,
    },
    {
      rule: "rpc.flow-control.max-concurrent-requests",
      scene: tooMany,
      role: "initiator",
      change: answeredBackwards,
    },
  ] as readonly { rule: string; scene: string; role: Side; change: Change }[]) {
    const backwards = change === answeredBackwards ? ", answered backwards" : "";
    test(`${rule}, as ${role}${backwards}: the scene fails without it`, async () => {
      const whole = recorded(scene, role);
      const changed = { ...whole, steps: change(whole.steps) };
      await assert.rejects(replay(changed, methods), { name: "Difference" });
      const { scene: expected, differences } = adapted(changed, methods);
      assert.deepEqual(
        differences.map((difference) => difference.rule),
        [rule],
      );
      await replay(expected, methods);
    });
  }

  // r[verify rpc.pipelining]
  test("is none where calls beyond our own limit are answered when their turn comes", async () => {
    const whole = recorded(tooMany, "acceptor");
    const { scene, differences } = adapted({ ...whole, steps: answeredBackwards(whole.steps) }, methods);
    assert.deepEqual(differences, []);
    await replay(scene, methods);
  });
});
