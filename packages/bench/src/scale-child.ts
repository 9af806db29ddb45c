// One side of a scale measurement, of the lane that the command line names.
import { type ClientOf, connect, serveHandler } from "roam";
import { listenTcp } from "roam/tcp";
import { answerParent } from "./asked-process.ts";
import { rawNetPeer, serveRawNet } from "./raw/raw-transports.ts";
import { SCALE_LIMITS, Scale, scaleHandler } from "./scale-service.ts";

export type ScaleRequest =
  | { readonly kind: "serve" }
  | { readonly kind: "dial"; readonly address: string }
  /** CPU time of this process so far, all threads (µs). */
  | { readonly kind: "cpu" }
  /** Opens or closes connections until there are so many. */
  | { readonly kind: "connections"; readonly count: number }
  /** Calls that are not answered yet: made, or answered all, until there are so many. */
  | { readonly kind: "pending"; readonly count: number }
  | { readonly kind: "channels"; readonly count: number }
  /** As many callers on each of `connections`; ends when the calls have been made. @returns how many */
  | {
      readonly kind: "call";
      readonly calls: number;
      readonly callers: number;
      readonly connections: number;
    }
  /** Items, one to each open channel in turn. @returns how many */
  | { readonly kind: "send"; readonly items: number };

interface Connected {
  call(value: number): Promise<unknown>;
  /** Undefined for the bare socket. */
  readonly roam?: ClientOf<typeof Scale>;
  close(): Promise<void>;
}

const HOST = "127.0.0.1";
const OPENING = 50;
const VALUE_MASK = 0x3fff;

const [, , lane = ""] = process.argv;
const isRaw = lane === "tcp-raw";
const connected: Connected[] = [];
/** Calls that wait in their handlers, and open channels with the calls that they belong to. */
const pending: Promise<void>[] = [];
const channels: { readonly call: Promise<number>; readonly items: Items; sent: number }[] = [];
let address = "";

interface Items {
  send(item: number): Promise<void>;
  close(): Promise<void>;
}

async function serve(): Promise<string> {
  if (isRaw) return (await serveRawNet()).address;
  const listen = (onLink: Parameters<typeof listenTcp>[1]) => listenTcp({ host: HOST, port: 0 }, onLink);
  return (await serveHandler(listen, scaleHandler(), { limits: SCALE_LIMITS })).address;
}

async function open(): Promise<Connected> {
  if (isRaw) return rawNetPeer(address);
  const conduit = lane === "tcp-stable" ? "stable" : "bare";
  const roam = await connect(address, Scale, { conduit, limits: SCALE_LIMITS });
  return { roam, call: (value) => roam.next({ value }), close: () => roam.$.close() };
}

async function setConnections(count: number): Promise<void> {
  while (connected.length < count) {
    const opening = Array.from({ length: Math.min(OPENING, count - connected.length) }, open);
    connected.push(...(await Promise.all(opening)));
  }
  await Promise.all(connected.splice(count).map((one) => one.close()));
}

function first(): ClientOf<typeof Scale> {
  const roam = connected[0]?.roam;
  if (roam === undefined) throw new TypeError("no connection of ours");
  return roam;
}

async function setPending(count: number): Promise<void> {
  const roam = first();
  if (count < pending.length) {
    await roam.release();
    await Promise.all(pending.splice(0));
  }
  while (pending.length < count) pending.push(roam.wait());
  // Behind the others in the same stream: when it is answered, they wait in their handlers.
  await roam.next({ value: 1 });
}

async function setChannels(count: number): Promise<void> {
  for (const { call, items, sent } of channels.splice(0)) {
    await items.close();
    const counted = await call;
    if (counted !== sent) throw new Error(`${sent} items sent, ${counted} counted`);
  }
  while (channels.length < count) {
    const call = first().collect();
    channels.push({ call, items: call.items, sent: 0 });
  }
  await first().next({ value: 1 });
}

async function call(request: ScaleRequest & { kind: "call" }): Promise<number> {
  let left = request.calls;
  const caller = async (one: Connected) => {
    while (left > 0) await one.call(left-- & VALUE_MASK);
  };
  const callers = connected
    .slice(0, request.connections)
    .flatMap((one) => Array.from({ length: request.callers }, () => caller(one)));
  await Promise.all(callers);
  return request.calls;
}

async function send(items: number): Promise<number> {
  for (let item = 0; item < items; item++) {
    const channel = channels[item % channels.length];
    if (channel === undefined) throw new TypeError("no channel is open");
    await channel.items.send(item);
    channel.sent++;
  }
  return items;
}

answerParent(async (request: ScaleRequest): Promise<unknown> => {
  switch (request.kind) {
    case "serve":
      return serve();
    case "dial":
      address = request.address;
      return setConnections(1);
    case "cpu": {
      const { user, system } = process.cpuUsage();
      return user + system;
    }
    case "connections":
      return setConnections(request.count);
    case "pending":
      return setPending(request.count);
    case "channels":
      return setChannels(request.count);
    case "call":
      return call(request);
    case "send":
      return send(request.items);
  }
});
