/**
 * Telemetry, with exporters in memory: one trace over three services, of which one is the Rust peer; names of metrics;
 * no span left open, however links, sessions and calls end. Needs cargo. One line for each case; the last is
 * `N passed, N failed`.
 */
import { Tally } from "./browser/tally.ts";
import { killAll } from "./interop/child.ts";
import { buildRustPeer } from "./interop/rust-peer.ts";
import { checkChain } from "./otel/chain-cases.ts";
import { checkCuts } from "./otel/cut-cases.ts";
import { checkImports } from "./otel/import-cases.ts";
import { checkMetrics } from "./otel/metric-cases.ts";

const tally = new Tally();
await tally.check("the Rust peer builds", buildRustPeer);
await tally.check("the chain of services comes about and ends", () => checkChain(tally));
await tally.check("the measured service comes about and ends", () => checkMetrics(tally));
await checkCuts(tally);
await checkImports(tally);
killAll();
console.log(`${tally.passed} passed, ${tally.failed} failed`);
process.exitCode = tally.failed === 0 ? 0 : 1;
