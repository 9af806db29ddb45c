// The server of `npm run -s overload`.
import { setTimeout as pause } from "node:timers/promises";
import { type Limits, type Server, serve } from "roam";
import { answerParent } from "../../../bench/src/asked-process.ts";
import { Load } from "./load-service.ts";

export type ServerRequest =
  | { readonly kind: "serve"; readonly limits: Partial<Limits> }
  | { readonly kind: "usage" }
  /** @returns how long it took (ms) */
  | { readonly kind: "drain" };

/** Of the time since it was asked last. */
export interface ServerUsage {
  readonly peakRssBytes: number;
  /** CPU time, all threads (µs). */
  readonly cpuUs: number;
  /** Handlers that ran to their end. */
  readonly handled: number;
}

const SAMPLE_MS = 50;

let server: Server | undefined;
let handled = 0;
let peakRssBytes = 0;
let since = process.cpuUsage();

function spin(rounds: number): number {
  let value = 1;
  for (let round = 0; round < rounds; round++) value = (Math.imul(value, 1_664_525) + 1_013_904_223) | 0;
  return value >>> 0;
}

function usage(): ServerUsage {
  const { user, system } = process.cpuUsage(since);
  const usage = {
    peakRssBytes: Math.max(peakRssBytes, process.memoryUsage.rss()),
    cpuUs: user + system,
    handled,
  };
  since = process.cpuUsage();
  peakRssBytes = 0;
  handled = 0;
  return usage;
}

answerParent(async (request: ServerRequest): Promise<unknown> => {
  switch (request.kind) {
    case "serve": {
      const { limits } = request;
      setInterval(() => {
        peakRssBytes = Math.max(peakRssBytes, process.memoryUsage.rss());
      }, SAMPLE_MS);
      server = await serve(
        "tcp://127.0.0.1:0",
        Load,
        {
          spin({ rounds }) {
            handled++;
            return spin(rounds);
          },
          async wait({ ms }) {
            await pause(ms);
            handled++;
            return ms;
          },
        },
        { limits },
      );
      return server.address;
    }
    case "usage":
      return usage();
    case "drain": {
      const startMs = performance.now();
      await server?.drain({ timeoutMs: 10_000 });
      return performance.now() - startMs;
    }
  }
});
