import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { play } from "../../src/fuzz-session/play.ts";
import { SessionModel } from "../../src/fuzz-session/session-model.ts";

const SEEDS = 300;

suite("sessions and the contract's outcomes side by side", () => {
  test(`${SEEDS} sequences come to the same, and end in many ways`, async () => {
    const outcomes = new Set<string>();
    for (let seed = 0; seed < SEEDS; seed++) {
      const { difference, outcome } = await play(seed);
      assert.equal(difference, undefined, `npm run -s fuzz:session -- --seed ${seed}`);
      outcomes.add(outcome);
    }
    assert.ok(outcomes.size > 12, [...outcomes].join(", "));
    assert.ok(outcomes.has("closed"));
  });

  test("a seed decides everything", async () => {
    assert.deepEqual(await play(4711), await play(4711));
  });

  test("a session that does otherwise is noticed", async (context) => {
    // A contract of another kind: Pings are not answered.
    const { receive } = SessionModel.prototype;
    context.mock.method(SessionModel.prototype, "receive", function (this: SessionModel, message: never) {
      if ((message as { tag: string }).tag !== "Ping") receive.call(this, message);
    });
    let differences = 0;
    for (let seed = 0; seed < 40; seed++) if ((await play(seed)).difference !== undefined) differences++;
    assert.ok(differences > 5, `${differences} differences`);
  });
});
