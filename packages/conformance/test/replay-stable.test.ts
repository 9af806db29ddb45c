import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { fromHex } from "../src/hex.ts";
import { RecordedMethods } from "../src/replay/methods.ts";
import { replay } from "../src/replay/replay.ts";
import { type Scene, sceneOf } from "../src/replay/scene.ts";
import { FrameChecks } from "../src/replay/stable-frames.ts";
import type { RecordedLink } from "../src/replay/stable-scene.ts";
import type { RecordedService, Side, Transcript } from "../src/transcript.ts";
import { COMMITTED_VECTORS } from "../src/vectors/check-file.ts";

const read = (file: string): unknown => JSON.parse(readFileSync(join(COMMITTED_VECTORS, file), "utf8"));
const transcripts = read("transcripts.json") as readonly Transcript[];
const methods = RecordedMethods.from(read("transcripts_service.json") as RecordedService);

/** A link is cut under a call that has arrived; the answer comes on the next one. */
function resumed(role: Side): Scene {
  const name = "stable: link lost right after delivering a request: nothing runs twice";
  const transcript = transcripts.find((each) => each.name === name);
  assert.ok(transcript !== undefined);
  return sceneOf(transcript, role);
}

/** The scene with a byte of a hello on its second link changed. */
function withByte(scene: Scene, hello: "clientHello" | "serverHello", at: number, value: number): Scene {
  const { stable } = scene;
  assert.ok(stable !== undefined);
  const links = stable.links.map((link, index): RecordedLink => {
    if (index !== 1) return link;
    const bytes = link[hello].slice();
    bytes[at] = value;
    return { ...link, [hello]: bytes };
  });
  return { ...scene, stable: { ...stable, links } };
}

suite("a stable scene that does not go as recorded fails", () => {
  for (const { name, role, change, reason } of [
    // r[verify stable.handshake.client-hello]
    {
      name: "another key in our ClientHello",
      role: "initiator",
      change: (scene) => withByte(scene, "clientHello", 5, 0),
      reason: /expected the ClientHello 524f43480300.*, got 524f4348038e/,
    },
    // r[verify stable.handshake.server-hello]
    {
      name: "another number in our ServerHello",
      role: "acceptor",
      change: (scene) => withByte(scene, "serverHello", 21, 1),
      reason: /expected the ServerHello .*01000000, got .*02000000/,
    },
    // r[verify stable.reconnect.failure]
    {
      name: "a refused resume",
      role: "initiator",
      change: (scene) => withByte(scene, "serverHello", 4, 3),
      reason: /the end of the link without a close frame/,
    },
    // r[verify stable.x.resume-verify]
    {
      name: "a key that was not issued",
      role: "acceptor",
      change: (scene) => withByte(scene, "clientHello", 5, 0),
      reason: /expected the ServerHello .*, got 524f53480100000000/,
    },
  ] as readonly { name: string; role: Side; change: (scene: Scene) => Scene; reason: RegExp }[]) {
    test(`${name}, as ${role}`, async () => {
      const whole = resumed(role);
      await replay(whole, methods);
      await assert.rejects(replay(change(whole), methods), ({ message }: Error) => {
        assert.match(message, reason);
        return true;
      });
    });
  }
});

suite("frames of our runtime", () => {
  const ITEM = "00010003";
  const ACK = "000a00";
  const CLOSE = "000600";
  const frames = (...list: readonly string[]) => list;

  for (const { name, said = 0, hex, reason } of [
    { name: "begin at 0", hex: frames(`0100${ITEM}`), reason: /expected frame 0, got frame 1/ },
    {
      name: "follow one another",
      hex: frames(`0000${ITEM}`, `0200${ITEM}`),
      reason: /expected frame 1, got frame 2/,
    },
    {
      name: "repeat no message",
      hex: frames(`0000${ITEM}`, `0000${ITEM}`),
      reason: /expected frame 1, got frame 0/,
    },
    {
      name: "acknowledge what was sent at most",
      said: 1,
      hex: frames(`000101${ITEM}`),
      reason: /an ack of 1 where 1 frames were sent/,
    },
    {
      name: "take no ack back",
      said: 2,
      hex: frames(`000101${ITEM}`, `010100${ITEM}`),
      reason: /an ack goes back from 1 to 0/,
    },
    {
      name: "leave out no ack",
      said: 2,
      hex: frames(`000101${ITEM}`, `0100${ITEM}`),
      reason: /an ack goes back from 1 to undefined/,
    },
    {
      name: "end with the close frame",
      hex: frames(`0000${ITEM}`, `0000${CLOSE}`, `0100${ITEM}`),
      reason: /frame 1 after the close frame/,
    },
  ] as readonly { name: string; said?: number; hex: readonly string[]; reason: RegExp }[]) {
    test(name, () => {
      const checks = new FrameChecks();
      const last = hex.at(-1) ?? "";
      for (const each of hex.slice(0, -1)) checks.take(fromHex(each), said);
      assert.throws(() => checks.take(fromHex(last), said), { name: "Difference", message: reason });
    });
  }

  test("are replayed as they were from what the other side announces", () => {
    const checks = new FrameChecks();
    assert.deepEqual(checks.take(fromHex(`0000${ITEM}`), 0), fromHex(ITEM));
    checks.resume(undefined);
    assert.equal(checks.take(fromHex(`0000${ITEM}`), 0), undefined);
    checks.resume(undefined);
    assert.throws(() => checks.take(fromHex("000000010004"), 0), /replayed as/);
  });

  test("that repeat a number with a filler are counted", () => {
    const checks = new FrameChecks();
    checks.take(fromHex(`0000${ITEM}`), 1);
    checks.take(fromHex(`000100${ACK}`), 1);
    checks.take(fromHex(`000100${CLOSE}`), 1);
    assert.deepEqual([checks.count, checks.ackFrames, checks.closeFrames], [1, 1, 1]);
  });
});
