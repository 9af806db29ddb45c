import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { LinkApplicant } from "../../../src/conduit/stable/stable-acceptor.ts";
import { settled } from "../../../src/testing/index.ts";
import { Accepting, expectAlive, keyOf, REJECTION, reasonOf } from "./accepting.ts";

// r[verify stable.x.resume-verify]
suite("authenticate", () => {
  /** Principals by link: the next one is who comes next. */
  function guarded(...principals: unknown[]) {
    const asked: LinkApplicant[] = [];
    const accepting = new Accepting({
      authenticate: (applicant) => {
        asked.push(applicant);
        return principals.shift();
      },
    });
    return { accepting, asked };
  }

  test("binds a session to the principal that began it", async () => {
    const { accepting, asked } = guarded("ann", "bob", "ann");
    const owner = await accepting.born();
    assert.equal(await accepting.refused({ resumeKey: keyOf(1) }), "another principal");
    await expectAlive(owner.far, owner);
    const { far } = await accepting.resume(keyOf(1), 0);
    await expectAlive(far, owner, "back again");
    assert.deepEqual(
      asked.map(({ peer, resumes }) => ({ peer, resumes })),
      [
        { peer: "memory", resumes: undefined },
        { peer: "memory", resumes: { principal: "ann" } },
        { peer: "memory", resumes: { principal: "ann" } },
      ],
    );
  });

  test("tells principals apart as Object.is does", async () => {
    const ann = { name: "ann" };
    const { accepting } = guarded(ann, { name: "ann" }, ann);
    await accepting.born();
    await accepting.refused({ resumeKey: keyOf(1) });
    await accepting.resume(keyOf(1));
  });

  test("is not asked about a key that names no session", async () => {
    const { accepting, asked } = guarded();
    await accepting.refused({ resumeKey: keyOf(9) });
    assert.equal(asked.length, 0);
  });

  for (const [name, authenticate] of [
    ["throws", () => assert.fail("who are you?")],
    ["rejects", async () => assert.fail("who are you?")],
  ] as const) {
    test(`refuses a client if it ${name}, new or known`, async () => {
      let isStrict = false;
      const accepting = new Accepting({ authenticate: () => (isStrict ? authenticate() : undefined) });
      const owner = await accepting.born();
      isStrict = true;
      assert.equal(await accepting.refused({}), "who are you?");
      assert.equal(await accepting.refused({ resumeKey: keyOf(1) }), "who are you?");
      await expectAlive(owner.far, owner);
      assert.equal(accepting.sessions, 1);
    });
  }

  // r[verify stable.x.handshake-timeout]
  test("is waited for no longer than a handshake may take; the client may try again", async () => {
    let answer: ((principal: unknown) => void) | undefined;
    let isSlow = false;
    const accepting = new Accepting({
      authenticate: () => (isSlow ? new Promise((resolve) => (answer = resolve)) : undefined),
    });
    const owner = await accepting.born();
    isSlow = true;
    const back = await accepting.knock({ resumeKey: keyOf(1) });
    const fresh = await accepting.knock();
    await accepting.clock.pass(10_000);
    for (const { far, accepted } of [back, fresh]) {
      // Not a word: a refusal would end the session for the client.
      await far.expectEnd();
      assert.equal(await reasonOf(accepted), "no handshake within 10000 ms");
    }
    answer?.(undefined);
    await settled();
    await expectAlive(owner.far, owner);
    isSlow = false;
    await accepting.resume(keyOf(1), 0);
    assert.equal(accepting.sessions, 1);
  });

  test("that is slow about an earlier link does not take the session back from a later one", async () => {
    const answers: ((principal: unknown) => void)[] = [];
    let isSlow = false;
    const accepting = new Accepting({
      authenticate: () => (isSlow ? new Promise((resolve) => answers.push(resolve)) : undefined),
    });
    const owner = await accepting.born();
    isSlow = true;
    const earlier = await accepting.knock({ resumeKey: keyOf(1) });
    await settled();
    const later = await accepting.knock({ resumeKey: keyOf(1) });
    await settled();
    answers[1]?.(undefined);
    await later.accepted;
    await later.far.expect("a ServerHello");
    answers[0]?.(undefined);
    assert.equal(await reasonOf(earlier.accepted), "a later link was faster");
    await earlier.far.expectEnd();
    await expectAlive(later.far, owner);
    // And in the order in which they came both are taken, the later one last.
    const third = await accepting.knock({ resumeKey: keyOf(2), lastReceived: 0 });
    await settled();
    const fourth = await accepting.knock({ resumeKey: keyOf(2), lastReceived: 0 });
    await settled();
    for (const answer of answers.slice(2)) answer(undefined);
    await Promise.all([third.accepted, fourth.accepted]);
    await third.far.untilEnd();
    await fourth.far.expect("a ServerHello");
    await expectAlive(fourth.far, owner, "and again");
  });

  test("that is asked while the session ends cannot bring it back", async () => {
    let answer: ((principal: unknown) => void) | undefined;
    let isSlow = false;
    const accepting = new Accepting({
      authenticate: () => (isSlow ? new Promise((resolve) => (answer = resolve)) : undefined),
    });
    const { conduit } = await accepting.born();
    isSlow = true;
    const { far, accepted } = await accepting.knock({ resumeKey: keyOf(1) });
    await settled();
    conduit.destroy();
    answer?.(undefined);
    assert.equal(await reasonOf(accepted), "no session has this key any more");
    await far.expectBytes(REJECTION);
    await far.expectEnd();
  });
});
