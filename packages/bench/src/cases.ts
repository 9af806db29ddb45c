import type { Credit, Peer } from "./peer.ts";

/** One thing to measure. */
export interface Case {
  readonly name: string;
  readonly title: string;
  /** What is counted. */
  readonly unit: "calls" | "items";
  /** Connections that share the work. */
  readonly connections: number;
  /** Payload that travels each way with every one of them (bytes); for the MiB/s. */
  readonly payloadBytes?: number;
  /** Initial credit of the stream. */
  readonly credit?: Credit;
  isPossible(peer: Peer): boolean;
  /** Keeps the connections busy for about this time. @returns how many were done */
  run(peers: readonly Peer[], durationMs: number): Promise<number>;
}

/** What a loop does over and over. */
interface Operation {
  once(value: number): Promise<unknown>;
  /** What comes back for a value. */
  expected(value: number): unknown;
}

/** What payloads are full of. */
export const FILL = 7;
/** Of the values that are sent; all but the smallest are two bytes on the wire. */
const VALUE_MASK = 0x3fff;
const CLOCK_EVERY = 16;

/**
 * Loops side by side, each with one operation at a time.
 *
 * @param clockEvery operations between two looks at the clock, a power of two: a look costs a tenth
 *   of what a small call on a bare socket does
 * @throws Error if another answer comes back
 */
async function keepBusy(
  loops: readonly Operation[],
  durationMs: number,
  clockEvery: number,
): Promise<number> {
  const end = performance.now() + durationMs;
  let done = 0;
  let isOver = false;
  const repeat = async (operation: Operation) => {
    do {
      const value = done & VALUE_MASK;
      const answer = await operation.once(value);
      if (answer !== undefined && answer !== operation.expected(value)) {
        throw new Error(`${value} was answered with ${answer}`);
      }
      if ((++done & (clockEvery - 1)) === 0) isOver = performance.now() >= end;
    } while (!isOver);
  };
  await Promise.all(loops.map(repeat));
  return done;
}

const whole = (count: number) => count.toLocaleString("en-US");

function only(peers: readonly Peer[]): Peer {
  const [peer] = peers;
  if (peer === undefined) throw new Error("no connection");
  return peer;
}

function calling(peer: Peer): Operation {
  return { once: (value) => peer.call(value), expected: (value) => value + 1 };
}

function calls(inFlight: number): Case {
  return {
    name: `call-${inFlight}`,
    title: `small calls, ${whole(inFlight)} in flight`,
    unit: "calls",
    connections: 1,
    isPossible: () => true,
    run(peers, durationMs) {
      const operation = calling(only(peers));
      const loops = Array.from({ length: inFlight }, () => operation);
      return keepBusy(loops, durationMs, inFlight === 1 ? 1 : CLOCK_EVERY);
    },
  };
}

/** What one connection does is `call-64`. */
function connections(count: number): Case {
  return {
    name: `connections-${count}`,
    title: `small calls on ${whole(count)} connections, 1 in flight on each`,
    unit: "calls",
    connections: count,
    isPossible: () => true,
    run: (peers, durationMs) => keepBusy(peers.map(calling), durationMs, CLOCK_EVERY),
  };
}

function echoes(label: string, payloadBytes: number, inFlight: number): Case {
  const payload = new Uint8Array(payloadBytes).fill(FILL);
  return {
    name: `echo-${label.replace(" ", "")}-${inFlight}`,
    title: `echo of ${label}, ${inFlight} in flight`,
    unit: "calls",
    connections: 1,
    payloadBytes,
    isPossible: () => true,
    run(peers, durationMs) {
      const peer = only(peers);
      const operation = { once: () => peer.echo(payload), expected: () => payloadBytes };
      return keepBusy(
        Array.from({ length: inFlight }, () => operation),
        durationMs,
        1,
      );
    },
  };
}

/** Without calls, for bare links. */
function bounces(label: string, payloadBytes: number, inFlight: number): Case {
  const payload = new Uint8Array(payloadBytes).fill(FILL);
  return {
    name: `bounce-${label.replace(" ", "")}-${inFlight}`,
    title: `${label} there and back on the bare link, ${inFlight} in flight`,
    unit: "items",
    connections: 1,
    payloadBytes,
    isPossible: (peer) => peer.bounce !== undefined,
    async run(peers, durationMs) {
      const done = await only(peers).bounce?.(payload, inFlight, durationMs);
      if (done === undefined) throw new Error("no bounce");
      return done;
    },
  };
}

function stream(direction: "down" | "up", credit: Credit): Case {
  const from = direction === "down" ? "server to client" : "client to server";
  const verb = direction === "down" ? "receive" : "send";
  return {
    name: `${direction}-${credit}`,
    title: `items ${from}, initial credit ${whole(credit)}`,
    unit: "items",
    connections: 1,
    credit,
    isPossible: (peer) => peer[verb] !== undefined,
    async run(peers, durationMs) {
      const done = await only(peers)[verb]?.(durationMs, credit);
      if (done === undefined) throw new Error(`no ${verb}`);
      return done;
    },
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
  echoes("1 MiB", KIB * KIB, 4),
  stream("down", 16),
  stream("down", 256),
  stream("down", 4096),
  stream("up", 16),
  stream("up", 256),
  stream("up", 4096),
  connections(100),
  connections(1000),
  bounces("64 B", 64, 1),
  bounces("64 B", 64, 64),
  bounces("64 KiB", 64 * KIB, 8),
  bounces("2 KiB", 2 * KIB, 1),
  bounces("2 KiB", 2 * KIB, 64),
  bounces("64 KiB", 64 * KIB, 1),
  bounces("64 KiB", 64 * KIB, 64),
  bounces("1 MiB", KIB * KIB, 1),
  bounces("1 MiB", KIB * KIB, 64),
];

/** Done by every fresh process, so that what was compiled does not depend on what is measured. */
export const warmUpCases: readonly Case[] = [
  calls(1),
  calls(64),
  echoes("1 KiB", KIB, 16),
  echoes("64 KiB", 64 * KIB, 16),
  stream("down", 16),
  stream("up", 16),
];

/** @throws TypeError if there is no such case */
export function caseNamed(name: string): Case {
  const found = cases.find((candidate) => candidate.name === name);
  if (found !== undefined) return found;
  throw new TypeError(`no case ${name}; there are ${cases.map((candidate) => candidate.name).join(" ")}`);
}
