import { Probe } from "../probe.ts";
import { Difference } from "../vectors/tally.ts";
import { behaviourCases, connectionCases } from "./behaviour-cases.ts";
import type { Report, Scene } from "./case.ts";
import { LINK_KINDS, meet, part, type Terms } from "./meeting.ts";
import { probeCases } from "./probe-cases.ts";
import { testbedCases } from "./testbed-cases.ts";

/** Sets a session up in which only we call: everything, on the root and on virtual connections. */
async function oursCalls(terms: Terms, directory: string, report: Report): Promise<void> {
  const meeting = await meet(terms, { directory });
  const { client } = meeting;
  await report.checkAll(testbedCases(client));
  const probe = await client.$.open(Probe);
  await report.checkAll(probeCases(probe));
  await report.checkAll(behaviourCases(client, probe));
  await report.checkAll(connectionCases(client));
  // r[verify rpc.caller.liveness.last-drop-closes-connection]
  await report.check("closing the last handle closes the virtual connection", async () => {
    await probe.$.close();
    if (meeting.session.virtualConnections > 0) throw new Difference("it is still there");
  });
  await part(meeting, report);
}

/**
 * The Rust peer makes its calls, and we make ours in the same session at the same time.
 *
 * @returns how many checks the Rust peer made
 */
async function bothCall(terms: Terms, directory: string, report: Report): Promise<number> {
  const meeting = await meet(terms, { directory, rust: ["--call"] });
  const { client, rust } = meeting;
  // A Rust peer hangs up when it is not called for a while: this call goes on until we are done.
  const held = client.sum({});
  await report.checkAll(testbedCases(client));
  const count = rust.report(report);
  await report.check("a call held open all the time", async () => {
    await held.numbers.close();
    await held;
  });
  const checks = await count;
  await part(meeting, report);
  return checks;
}

function meetingScene(terms: Terms): Scene {
  const { link, role, conduit } = terms;
  return {
    title: `${link} ${role}${conduit === "stable" ? " stable" : ""}`,
    async run({ directory }, report) {
      await oursCalls(terms, directory, report);
      const checks = await bothCall(terms, directory, report);
      return ` (${checks} calls made by the Rust peer)`;
    },
  };
}

/** Everything over every link, in either role, and over a stable conduit where links can be replaced. */
// r[verify stable]
// r[verify stable.handshake]
// r[verify stable.framing]
export const MEETING_SCENES: readonly Scene[] = (["bare", "stable"] as const).flatMap((conduit) =>
  LINK_KINDS.filter((link) => conduit === "bare" || (link !== "stdio" && link !== "shm")).flatMap((link) =>
    (["initiator", "acceptor"] as const).map((role) => meetingScene({ link, role, conduit })),
  ),
);
