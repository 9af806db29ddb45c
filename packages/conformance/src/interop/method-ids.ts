import type { Service } from "roam";
import { Testbed } from "../../../../examples/testbed/testbed.ts";
import { Probe } from "../probe.ts";
import { expectEqual } from "../vectors/tally.ts";
import type { Report, Scene } from "./case.ts";

// r[verify rpc.method-id]
/** As the Rust service macro computes them from the traits in `rust-peer`. */
const IDS = {
  "Testbed.echo": "9aabc4ba61fd5df3",
  "Testbed.divide": "c3964cbee4b1d590",
  "Testbed.sum": "855b3a25d97bfefd",
  "Testbed.swap_pair": "acd19a29fe0d470c",
  "Probe.echo_bytes": "8f86b3475e2a4fef",
  "Probe.sleep": "bf95153c7129e403",
  "Probe.fail": "57003d37a4f06c45",
  "Probe.numbers": "9491deedad191664",
  "Probe.collections": "80d9f6b0b2cc1f5e",
  "Probe.tree": "c61460e70828b6a7",
  "Probe.count_up": "7d340b796b08cbbb",
  "Probe.optional": "76d9e72c94f8409c",
  "Probe.windowed": "5126bd24ecb06c5c",
};

/** The ids of both services; of those not listed here the calls tell. */
async function methodIds(report: Report): Promise<string> {
  const services = { Testbed: Testbed as unknown as Service, Probe: Probe as unknown as Service };
  for (const [name, id] of Object.entries(IDS)) {
    const [service, method] = name.split(".") as [keyof typeof services, string];
    await report.check(name, async () => {
      expectEqual("id", services[service].descriptors().get(method)?.id.toString(16).padStart(16, "0"), id);
    });
  }
  return "";
}

export const METHOD_IDS: Scene = { title: "method ids", run: (_stage, report) => methodIds(report) };
