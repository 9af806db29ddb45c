import { setTimeout as delay } from "node:timers/promises";
import type { Link } from "roam/link";
import { SeededRandom } from "roam/testing";
import { LinkLog } from "../../chaos/link-log.ts";
import { Difference, expectEqual } from "../../vectors/tally.ts";
import type { Scene } from "../case.ts";
import { within } from "../case.ts";
import { CutTally, workRound } from "../cut-work.ts";
import { LinkCutter } from "../link-cutter.ts";
import { expectEnd, type Meeting, meet, part, type Role, type Terms } from "../meeting.ts";

const ROLES: readonly Role[] = ["initiator", "acceptor"];
/** Time for a session to come to its end, or to whatever else is waited for (ms). */
const LIMIT_MS = 10_000;
/** Between the calls of a lane. */
const PACE_MS = 5;
const GAP = "a frame is missing";

/** The reasons for which a session lost its links. */
function lossesOf({ session }: Meeting): string[] {
  const reasons: string[] = [];
  session.watch((state) => {
    // Attempts after the first are about the same loss.
    if (state.kind === "detached" && state.attempt === 0) reasons.push(state.reason);
  });
  return reasons;
}

/** Counts links on their way to us. */
function counted(): { links: number; wrap(link: Link): Link } {
  const count = {
    links: 0,
    wrap: (link: Link) => {
      count.links++;
      return link;
    },
  };
  return count;
}

function tcp(role: Role): Terms {
  return { link: "tcp", role, conduit: "stable" };
}

/** A number that it used up for a frame which it could not send: no replay will ever bring that one. */
// r[verify stable.x.gap]
function burnedNumber(role: Role): Scene {
  return {
    title: `hazard: a burned number, ${role}`,
    async run({ directory }, report) {
      const count = counted();
      const meeting = await meet(tcp(role), { directory, rust: ["--burn-seq", "9"], wrap: count.wrap });
      const { client, session } = meeting;
      const losses = lossesOf(meeting);
      const calls = Promise.allSettled(
        Array.from({ length: 30 }, (_, i) => client.echo({ message: `${i}` })),
      );
      await report.check("the session is lost for the gap", async () => {
        expectEnd(await within("the session's end", session.ended, LIMIT_MS), "session-lost", /gap/);
      });
      await report.check("every call is settled", async () => {
        const all = await within("the calls", calls, LIMIT_MS);
        expectEqual(
          "a call failed",
          all.some(({ status }) => status === "rejected"),
          true,
        );
      });
      await report.check("one more link was tried, and no other", async () => {
        expectEqual("losses", losses, [GAP]);
        expectEqual("links", count.links, 2);
      });
      await meeting.rust.reportExit(report);
      await meeting.close();
      return "";
    },
  };
}

/** Two frames in the wrong order, as a sender with several threads may commit them. */
// r[verify stable.x.gap]
function swappedFrames(role: Role): Scene {
  return {
    title: `hazard: frames in the wrong order, ${role}`,
    async run({ directory }, report) {
      const meeting = await meet(tcp(role), { directory, rust: ["--swap-seq", "40"] });
      const losses = lossesOf(meeting);
      const tally = new CutTally();
      await report.check("work goes on", () => workRound(meeting.client, tally));
      await report.check("all of it came, in order", async () => tally.check());
      await report.check("by way of another link", async () => expectEqual("losses", losses, [GAP]));
      await part(meeting, report);
      return ` (${tally})`;
    },
  };
}

/** A frame that is written while it prepares the replay, and is not in it: the next replay has it. */
// r[verify stable.x.gap]
function lateWrites(role: Role): Scene {
  const title = `hazard: frames missing from a replay, ${role}`;
  return {
    title,
    async run({ directory, seed }, report) {
      const cutter = new LinkCutter({ every: 20, from: "both" }, new SeededRandom(seed, title));
      const meeting = await meet(tcp(role), { directory, rust: ["--late-writes"], wrap: cutter.wrap });
      const losses = lossesOf(meeting);
      const tally = new CutTally();
      await report.check("work goes on until a gap is seen", async () => {
        const limit = AbortSignal.timeout(LIMIT_MS);
        while (!losses.includes(GAP)) {
          if (limit.aborted) throw new Difference(`no gap, with ${losses.length} links lost`);
          await workRound(meeting.client, tally);
        }
      });
      await report.check("all of it came, in order", async () => tally.check());
      cutter.stop();
      await part(meeting, report);
      const gaps = losses.filter((reason) => reason === GAP).length;
      return ` (cuts ${cutter.cuts}, gaps ${gaps}; ${tally})`;
    },
  };
}

/** It gives up when a link dies in its handshake. What we keep of the session does not stay for ever. */
// r[verify stable.x.retention]
const fragileDialler: Scene = {
  title: "hazard: a link that dies in its handshake, acceptor",
  async run({ directory, seed }, report) {
    const plan = { every: Number.POSITIVE_INFINITY, from: "both", handshakeShare: 1 } as const;
    const cutter = new LinkCutter(plan, new SeededRandom(seed));
    const meeting = await meet(tcp("acceptor"), { directory, rust: ["--fragile"], wrap: cutter.wrap });
    const { client, session, rust } = meeting;
    await report.check("it is there", async () => {
      expectEqual("answer", await client.echo({ message: "here" }), "here");
    });
    session.dropLink("to see another handshake");
    await rust.reportExit(report);
    await report.check("one handshake was cut, and the Rust peer tried no other", async () =>
      expectEqual("cuts", cutter.handshakeCuts, 1),
    );
    await report.check("the session expires", async () => {
      expectEnd(await within("the session's end", session.ended, LIMIT_MS), "session-lost", /expired/);
    });
    await meeting.close();
    return "";
  },
};

/**
 * Its session loses the receiving half of a link whenever it opens a connection: the link stays
 * open and is read no more. One that dialled asks for another link, one that listens waits for us.
 */
// r[verify session.keepalive]
function deafness(role: Role): Scene {
  return {
    title: `hazard: a receiving half lost, ${role}`,
    async run({ directory }, report) {
      const meeting = await meet(tcp(role), {
        directory,
        rust: ["--call", "--cancel-recv"],
        ours: { keepalive: { intervalMs: 200, timeoutMs: 400 } },
      });
      const log = new LinkLog();
      meeting.session.watch(log.onState);
      const losses = lossesOf(meeting);
      const checks = await meeting.rust.report(report);
      await report.check("it took other links", async () => {
        if (log.resumes === 0) throw new Difference("the first link lasted");
      });
      await part(meeting, report);
      return ` (${checks} calls made by the Rust peer, resumes ${log.resumes}: ${[...new Set(losses)].join(", ")})`;
    },
  };
}

/** The same without a keepalive of ours: what waits for an ack shows that nobody reads it. */
// r[verify stable.x.ack-solicit]
const unsaidDeafness: Scene = {
  title: "hazard: a receiving half lost, without keepalive, initiator",
  async run({ directory }, report) {
    const meeting = await meet(tcp("initiator"), {
      directory,
      rust: ["--call", "--cancel-recv"],
      ours: { limits: { maxReplayFrames: 16, solicitTimeoutMs: 400 } },
    });
    const { client, rust, session } = meeting;
    const losses = lossesOf(meeting);
    let isOver = false;
    // More of them than half the bound: all that wait for an answer are in the buffer in the end.
    const lane = async () => {
      while (!isOver) {
        await client.echo({ message: "again" });
        // A link that always has something for it is not lost: the Rust peer is to wait now and then.
        await delay(PACE_MS);
      }
    };
    const calls = report.check("our calls go on meanwhile", async () => {
      await Promise.all(Array.from({ length: 32 }, lane));
    });
    const checks = await rust.report(report);
    await report.check("links were dropped for want of an ack", async () => {
      expectEqual("reasons", [...new Set(losses)], ["a solicitation brought no ack"]);
    });
    isOver = true;
    // It may have become deaf again, and what is left may be less than half the bound.
    session.dropLink("the end of the scene");
    await calls;
    await part(meeting, report);
    return ` (${checks} calls made by the Rust peer, links lost ${losses.length})`;
  },
};

export const FAULT_SCENES: readonly Scene[] = [
  ...ROLES.map(burnedNumber),
  ...ROLES.map(swappedFrames),
  ...ROLES.map(lateWrites),
  fragileDialler,
  ...ROLES.map(deafness),
  unsaidDeafness,
];
