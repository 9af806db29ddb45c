// A client that means well, on the server that `npm run -s hostile` attacks: it calls all the time.
import { setTimeout as pause } from "node:timers/promises";
import { type ClientOf, type ConnectOptions, connect } from "roam";
import { answerParent } from "../../../bench/src/asked-process.ts";
import { Target } from "./target-service.ts";

export type NeighbourRequest =
  | { readonly kind: "connect"; readonly address: string; readonly options: ConnectOptions }
  /** What it saw since it was asked last. */
  | { readonly kind: "report" };

export interface NeighbourReport {
  readonly latenciesMs: readonly number[];
  readonly failures: readonly string[];
  /** Changes of its session's state. */
  readonly states: readonly string[];
}

const PACE_MS = 2;

let latenciesMs: number[] = [];
let failures: string[] = [];
let states: string[] = [];

async function callAll(client: ClientOf<typeof Target>): Promise<void> {
  for (let value = 0; ; value = (value + 1) % 2 ** 32) {
    const startMs = performance.now();
    try {
      const answer = await client.echo({ value });
      if (answer !== value) failures.push(`${answer} for ${value}`);
    } catch (error) {
      failures.push(String(error));
      if (client.$.session.hasEnded) return;
    }
    latenciesMs.push(performance.now() - startMs);
    await pause(PACE_MS);
  }
}

answerParent(async (request: NeighbourRequest): Promise<unknown> => {
  if (request.kind === "connect") {
    const client = await connect(request.address, Target, request.options);
    client.$.session.watch(({ kind }) => states.push(kind));
    void callAll(client);
    return;
  }
  const report: NeighbourReport = { latenciesMs, failures, states };
  [latenciesMs, failures, states] = [[], [], []];
  return report;
});
