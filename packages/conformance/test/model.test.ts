import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Limits } from "roam";
import { StableCore } from "../../roam/src/conduit/stable/stable-core.ts";
import { explore } from "../src/model/explore.ts";

const options = { items: 1, cuts: 1, limits: { ackAfterItems: 1 } };
const FILLERS = { ack: Uint8Array.of(200), close: Uint8Array.of(201) };

/** Replays from one item too late on. */
class Forgetful extends StableCore {
  override attach(peerLastReceived: number | undefined): number {
    return super.attach(peerLastReceived ?? this.status.sent);
  }
}

/** Acknowledges what has not come. */
class Hasty extends StableCore {
  override takeFrame() {
    const frame = super.takeFrame();
    return { ...frame, ack: frame.ack === undefined ? 0 : frame.ack };
  }
}

/** Thinks that all is over when both have closed, whether or not its items arrived. */
class Careless extends StableCore {
  override detach(isGraceful: boolean): boolean {
    return super.detach(isGraceful) || this.hasPeerClosed;
  }
}

/** Never acknowledges without an item of its own. */
class Silent extends StableCore {
  override hasFrame(isLate?: boolean): boolean {
    return super.hasFrame(isLate) && this.status.frames > 0;
  }
}

// r[verify stable]
// r[verify stable.x.close]
suite("the small-state check", () => {
  test("finds nothing wrong in the first thousands of states", () => {
    const { states, depth, violation } = explore(options, 60, 4_000);
    assert.equal(violation, undefined);
    assert.ok(states >= 4_000 && depth > 10, `${states} states, depth ${depth}`);
  });

  for (const [Broken, reason] of [
    [Forgetful, /refuses a client|place of|hears the close|stuck|loses|fault/],
    [Hasty, /fault|refuses|loses/],
    [Careless, /stuck|refuses|forgotten/],
    [Silent, /stuck/],
  ] as const) {
    test(`finds what is wrong with a ${Broken.name.toLowerCase()} core, and the shortest way there`, () => {
      const makeCore = (limits: Limits) => new Broken(limits, FILLERS);
      const { violation } = explore({ ...options, makeCore }, 60, 20_000);
      assert.match(violation?.reason ?? "nothing found", reason);
      assert.ok((violation?.path.length ?? 0) > 2);
    });
  }
});
