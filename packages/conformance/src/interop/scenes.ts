import { Probe } from "../probe.ts";
import { Difference } from "../vectors/tally.ts";
import { behaviourCases, connectionCases } from "./behaviour-cases.ts";
import type { Report } from "./case.ts";
import { type LinkKind, meet, part, type Role } from "./meeting.ts";
import { probeCases } from "./probe-cases.ts";
import { testbedCases } from "./testbed-cases.ts";

/** Sets a session up in which only we call: everything, on the root and on virtual connections. */
export async function oursCalls(
  kind: LinkKind,
  role: Role,
  directory: string,
  report: Report,
): Promise<void> {
  const meeting = await meet(kind, role, { isCalling: false, directory });
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
export async function bothCall(
  kind: LinkKind,
  role: Role,
  directory: string,
  report: Report,
): Promise<number> {
  const meeting = await meet(kind, role, { isCalling: true, directory });
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
