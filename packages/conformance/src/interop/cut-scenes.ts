import { SeededRandom } from "roam/testing";
import { LinkLog } from "../chaos/link-log.ts";
import { Difference, expectEqual } from "../vectors/tally.ts";
import { SOCKET_KINDS } from "./address.ts";
import type { Report, Scene, Stage } from "./case.ts";
import { CutTally, ITEM_BYTES, soakHandler, workRound } from "./cut-work.ts";
import { type CutPlan, LinkCutter } from "./link-cutter.ts";
import { type Meeting, meet, part, type Role, type Terms } from "./meeting.ts";
import { besideTestbed } from "./services.ts";

/** A scene works until its links were cut so often ... */
const CUTS = 25;
/** ... or for so long (ms), which is a failure. */
const WORK_LIMIT_MS = 15_000;
/** Bytes of the streams that the Rust peer asks for, each way. */
const RUST_STREAM_BYTES = 150 * ITEM_BYTES;

const OUR_CUTS: readonly CutPlan[] = [
  { every: 1, from: "both" },
  { every: 40, from: "both" },
];
const ONE_SIDED_CUTS: readonly CutPlan[] = [
  { every: 5, from: "ours" },
  { every: 5, from: "theirs" },
];
const RUST_CUTS: readonly number[] = [2, 25];

/** Works until the links were cut often enough; everything must have come, once and in order. */
async function work({ client, session }: Meeting, log: LinkLog, report: Report): Promise<CutTally> {
  const tally = new CutTally();
  await report.check("work goes on while links are cut", async () => {
    const limit = AbortSignal.timeout(WORK_LIMIT_MS);
    while (log.resumes < CUTS) {
      if (limit.aborted) throw new Difference(`only ${log.resumes} resumes within ${WORK_LIMIT_MS} ms`);
      await workRound(client, tally);
    }
  });
  await report.check("nothing is lost, nothing doubled, all in order", async () => tally.check());
  // Whatever the bound is, what is acknowledged is not kept.
  await report.check("what was acknowledged is not kept", async () => {
    await client.echo({ message: "the answer acknowledges the call" });
    const { frames = 0 } = session.replay ?? {};
    if (frames > MAX_KEPT_FRAMES) throw new Difference(`${frames} frames are kept`);
  });
  return tally;
}

/** A frame or two may have been sent since the last ack came. */
const MAX_KEPT_FRAMES = 8;

function watched(meeting: Meeting): LinkLog {
  const log = new LinkLog();
  meeting.session.watch(log.onState);
  return log;
}

function summary(cuts: string, log: LinkLog, tally: CutTally): string {
  return ` (${cuts}, resumes ${log.resumes}, replayed ${log.replayed}; ${tally})`;
}

/** We call, and cut the links. */
function ourCutScene(terms: Terms, plan: CutPlan): Scene {
  const { link, role } = terms;
  const whose = plan.from === "both" ? "" : ` of ${plan.from}`;
  const title = `${link} ${role} stable, cut every ${plan.every}${whose}`;
  return {
    title,
    async run({ directory, seed }, report) {
      const cutter = new LinkCutter(plan, new SeededRandom(seed, title));
      const meeting = await meet(terms, { directory, wrap: cutter.wrap });
      const log = watched(meeting);
      const tally = await work(meeting, log, report);
      cutter.stop();
      await part(meeting, report);
      const { cuts, handshakeCuts, swallowed } = cutter;
      return summary(
        `cuts ${cuts}, ${handshakeCuts} of them in the handshake, payloads cut off ${swallowed}`,
        log,
        tally,
      );
    },
  };
}

/** We call, and the Rust peer cuts. */
function rustCutScene(terms: Terms, every: number): Scene {
  const { link, role } = terms;
  return {
    title: `${link} ${role} stable, cut every ${every} by the Rust peer`,
    async run({ directory }, report) {
      const meeting = await meet(terms, { directory, rust: ["--cut-every", `${every}`] });
      const log = watched(meeting);
      const tally = await work(meeting, log, report);
      await part(meeting, report);
      return summary(`cuts ${meeting.rust.sessions.at(-1)?.cutHere}`, log, tally);
    },
  };
}

/** The Rust peer calls everything, then pulls and pushes streams, while we cut. */
function rustWorkScene(terms: Terms, plan: CutPlan): Scene {
  const { link, role } = terms;
  const title = `${link} ${role} stable, called by the Rust peer, cut every ${plan.every}`;
  return {
    title,
    async run(stage, report) {
      const random = new SeededRandom(stage.seed, title);
      const called = await rustCalls(terms, new LinkCutter(plan, random), stage, report);
      const streamed = await rustStreams(terms, new LinkCutter(plan, random), stage, report);
      return ` (${called}; ${streamed})`;
    },
  };
}

async function rustCalls(
  terms: Terms,
  cutter: LinkCutter,
  { directory }: Stage,
  report: Report,
): Promise<string> {
  const meeting = await meet(terms, { directory, rust: ["--call"], wrap: cutter.wrap });
  const log = watched(meeting);
  const checks = await meeting.rust.report(report);
  cutter.stop();
  await part(meeting, report);
  return `calls ${checks} under ${cutter.cuts} cuts, resumes ${log.resumes}`;
}

async function rustStreams(
  terms: Terms,
  cutter: LinkCutter,
  { directory }: Stage,
  report: Report,
): Promise<string> {
  const tally = new CutTally();
  const items = RUST_STREAM_BYTES / ITEM_BYTES;
  const handler = besideTestbed(soakHandler(({ ledger, damaged }) => tally.take(ledger, items, damaged)));
  const bytes = `${RUST_STREAM_BYTES}`;
  const streams = ["--soak-send", bytes, "--soak-receive", bytes, "--soak-item", `${ITEM_BYTES}`];
  const meeting = await meet(terms, { directory, rust: streams, wrap: cutter.wrap, handler });
  const log = watched(meeting);
  const { rust } = meeting;
  await report.check("the Rust peer's streams end", () => rust.untilSoaks(2));
  cutter.stop();
  await part(meeting, report);
  await report.check("nothing is lost, nothing doubled, all in order", async () => {
    const told = rust.soaks.map(({ soak, ok, items }) => ({ soak, ok, items }));
    const all = ["receive", "send"].map((soak) => ({ soak, ok: true, items }));
    expectEqual(
      "streams",
      told.toSorted((a, b) => a.soak.localeCompare(b.soak)),
      all,
    );
    tally.items += items;
    tally.check();
  });
  return `streams both ways under ${cutter.cuts} cuts, resumes ${log.resumes}, ${tally}`;
}

const ROLES: readonly Role[] = ["initiator", "acceptor"];

/** Stable conduits whose links are cut again and again. */
// r[verify stable.seq]
// r[verify stable.replay-buffer]
// r[verify stable.replay-buffer.order]
// r[verify stable.reconnect]
// r[verify stable.reconnect.server-replay]
// r[verify stable.reconnect.client-replay]
// r[verify stable.resume-key]
// r[verify stable.x.resume-rotate]
// r[verify stable.x.permit]
export const CUT_SCENES: readonly Scene[] = SOCKET_KINDS.flatMap((link) =>
  ROLES.flatMap((role) => {
    const terms: Terms = { link, role, conduit: "stable" };
    return [
      ...OUR_CUTS.map((plan) => ourCutScene(terms, plan)),
      // The kind of link makes no difference to whose payloads are counted.
      ...(link === "tcp" ? ONE_SIDED_CUTS : []).map((plan) => ourCutScene(terms, plan)),
      ...RUST_CUTS.map((every) => rustCutScene(terms, every)),
      rustWorkScene(terms, { every: 9, from: "both" }),
    ];
  }),
);
