import { type ClientOf, type ConnectionAcceptor, type Handler, implement } from "roam";
import { testbedHandlers } from "../../../../examples/testbed/handlers.ts";
import { Testbed } from "../../../../examples/testbed/testbed.ts";
import { Probe, probeHandlers } from "../probe.ts";

export type TestbedClient = ClientOf<typeof Testbed>;
export type ProbeClient = ClientOf<typeof Probe>;

export const testbedHandler: Handler = implement(Testbed, testbedHandlers);
const probeHandler = implement(Probe, probeHandlers);

/** Serves what an open names: Probe or Testbed, the latter also where it names nothing. */
export const acceptConnection: ConnectionAcceptor = ({ metadata }) => {
  const name = metadata.get("service") ?? Testbed.name;
  const handler = [testbedHandler, probeHandler].find(({ service }) => service.name === name);
  if (handler === undefined) return { accept: false, metadata: { reason: "no such service" } };
  return { accept: true, handler };
};

/** Serves Testbed and another service on one connection, as the Rust peer does on its root. */
export function besideTestbed(other: Handler): Handler {
  return {
    ...testbedHandler,
    maxCredit: Math.max(testbedHandler.maxCredit, other.maxCredit),
    find: (idLo, idHi) => testbedHandler.find(idLo, idHi) ?? other.find(idLo, idHi),
  };
}
