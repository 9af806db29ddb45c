import type { Credit, Peer } from "./peer.ts";

/** One thing to measure. */
export interface Case {
  readonly name: string;
  readonly title: string;
  /** What is counted. */
  readonly unit: "calls" | "items";
  /** Payload that travels each way with every one of them (bytes); for the MiB/s. */
  readonly payloadBytes?: number;
  /** Keeps the peer busy for about this time. @returns how many were done */
  run(peer: Peer, durationMs: number): Promise<number>;
}

/** `inFlight` loops side by side, each with one operation at a time. */
async function inFlight(count: number, durationMs: number, once: () => Promise<unknown>): Promise<number> {
  const end = performance.now() + durationMs;
  let done = 0;
  const loop = async () => {
    do {
      await once();
      done++;
    } while (performance.now() < end);
  };
  await Promise.all(Array.from({ length: count }, loop));
  return done;
}

function calls(count: number): Case {
  return {
    name: `call-${count}`,
    title: `small calls, ${count.toLocaleString("en-US")} in flight`,
    unit: "calls",
    run: (peer, durationMs) => inFlight(count, durationMs, () => peer.call()),
  };
}

function echoes(label: string, payloadBytes: number, count: number): Case {
  const payload = new Uint8Array(payloadBytes).fill(7);
  return {
    name: `echo-${label.replace(" ", "")}`,
    title: `echo of ${label}, ${count} in flight`,
    unit: "calls",
    payloadBytes,
    run: (peer, durationMs) =>
      inFlight(count, durationMs, async () => {
        const back = await peer.echo(payload);
        if (back !== payloadBytes) throw new Error(`${payloadBytes} bytes sent, ${back} came back`);
      }),
  };
}

function stream(direction: "down" | "up", credit: Credit): Case {
  const from = direction === "down" ? "server to client" : "client to server";
  return {
    name: `${direction}-${credit}`,
    title: `items ${from}, initial credit ${credit.toLocaleString("en-US")}`,
    unit: "items",
    run: (peer, durationMs) =>
      direction === "down" ? peer.receive(durationMs, credit) : peer.send(durationMs, credit),
  };
}

const KIB = 1024;

export const cases: readonly Case[] = [
  calls(1),
  calls(64),
  calls(1000),
  echoes("1 KiB", KIB, 16),
  echoes("64 KiB", 64 * KIB, 16),
  echoes("1 MiB", KIB * KIB, 1),
  stream("down", 16),
  stream("down", 1024),
  stream("up", 16),
  stream("up", 1024),
];
