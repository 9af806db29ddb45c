// A server or a client that something happens to in `npm run -s faults`, or whose counterpart it happens to.
import { closeSync, openSync } from "node:fs";
import {
  type ClientOf,
  type ConnectOptions,
  connect,
  RoamError,
  type ServeOptions,
  type Server,
  type Session,
  serve,
} from "roam";
import { SeededRandom } from "roam/testing";
import { answerParent } from "../../../bench/src/asked-process.ts";
import { jumpClocks } from "./clock-jumps.ts";
import { machineMs, type SeenError, type Settled, seenError, Waiters } from "./waiters.ts";
import { type WorkDone, WorksClient } from "./works-client.ts";
import { type Came, WorksServer } from "./works-server.ts";
import { Works } from "./works-service.ts";

/** What can be sent to a process of the options of a server, and of a client. */
export type ServeSetting = Pick<
  ServeOptions,
  "conduit" | "limits" | "retention" | "keepalive" | "introspection"
>;
export type ConnectSetting = Pick<ConnectOptions, "conduit" | "limits" | "reconnect" | "keepalive">;

export type SideRequest =
  /** @returns Served */
  | { readonly kind: "serve"; readonly url: string; readonly setting: ServeSetting }
  /** One more client. @param number tells clients of one server apart @returns Outcome */
  | {
      readonly kind: "connect";
      readonly address: string;
      readonly number: number;
      readonly setting: ConnectSetting;
    }
  /** Calls and streams by the client that connected last. */
  | { readonly kind: "work"; readonly seed: number }
  | { readonly kind: "finish" }
  /** A call of that client with a deadline. @returns Outcome */
  | { readonly kind: "deadline"; readonly timeoutMs: number }
  /** What came of those who waited, since this was asked last. @returns SideReport */
  | { readonly kind: "report" }
  /** What came of one client to this server. */
  | { readonly kind: "came"; readonly number: number }
  /** A client of its own: connects, calls once, leaves. @returns Outcome */
  | { readonly kind: "visit"; readonly address: string; readonly setting: ConnectSetting }
  /** Ends the sessions of all clients. */
  | { readonly kind: "hang-up" }
  | { readonly kind: "status" }
  /** Opens files until there are no more. @returns how many */
  | { readonly kind: "fill" }
  /** The same, and the link of the client that connected last is given up. */
  | { readonly kind: "drop-link-and-fill" }
  /** Closes some of them, or all. */
  | { readonly kind: "free"; readonly count?: number }
  | { readonly kind: "jump-clocks" }
  /** @returns how long it took (ms) */
  | { readonly kind: "drain"; readonly timeoutMs: number }
  | { readonly kind: "close" };

/** What came of one attempt. */
export interface Outcome {
  readonly tookMs: number;
  readonly error: SeenError | undefined;
}

export interface Served extends Outcome {
  /** Empty where it failed. */
  readonly address: string;
}

export interface SideReport {
  readonly settled: readonly Settled[];
  readonly waiting: readonly string[];
  /** Of the client that connected last. */
  readonly done: WorkDone | undefined;
  /** Changes of that client's state. */
  readonly states: readonly string[];
  /** Codes by which the sessions of this server ended. */
  readonly ends: readonly string[];
}

export interface SideStatus {
  readonly sessions: number;
  readonly links: number;
  readonly detached: number;
  readonly heldBytes: number;
  /** Handlers that wait for their client. */
  readonly running: number;
  readonly timers: number;
  readonly heapBytes: number;
  /** What nobody caught: none is expected. */
  readonly uncaught: readonly string[];
}

const waiters = new Waiters();
const works = new WorksServer(waiters);
const files: number[] = [];
const uncaught: string[] = [];
const clients: ClientOf<typeof Works>[] = [];
let server: Server | undefined;
let work: WorksClient | undefined;
let number = 0;
let states: string[] = [];
let ends: string[] = [];

process.on("uncaughtException", (error) => uncaught.push(String(error.stack)));
process.on("unhandledRejection", (error) => uncaught.push(`not handled: ${error}`));

const quiet = { warn: () => {}, error: () => {} };

async function outcomeOf(act: () => Promise<unknown>): Promise<Outcome> {
  const startMs = machineMs();
  try {
    await act();
    return { tookMs: machineMs() - startMs, error: undefined };
  } catch (thrown) {
    return { tookMs: machineMs() - startMs, error: seenError(thrown) };
  }
}

async function start({ url, setting }: SideRequest & { kind: "serve" }): Promise<Served> {
  const onSession = (session: Session) => void session.ended.then(({ code }) => ends.push(code));
  const outcome = await outcomeOf(async () => {
    server = await serve(url, Works, works.handlers, { ...setting, onSession, logger: quiet });
  });
  return { ...outcome, address: server?.address ?? "" };
}

async function open(request: SideRequest & { kind: "connect" }): Promise<void> {
  const { address, setting } = request;
  const client = await connect(address, Works, { ...setting, logger: quiet });
  number = request.number;
  states = [];
  client.$.session.watch(({ kind }) => states.push(kind));
  clients.push(client);
}

async function visit({ address, setting }: SideRequest & { kind: "visit" }): Promise<void> {
  const client = await connect(address, Works, { ...setting, logger: quiet });
  try {
    const item = { number: 0, body: new Uint8Array(100) };
    await client.echo({ client: 0, lane: 0, item });
  } finally {
    await client.$.session.close();
  }
}

function newest(): ClientOf<typeof Works> {
  const client = clients.at(-1);
  if (client === undefined) throw new TypeError("no client has connected");
  return client;
}

function fill(): number {
  try {
    for (;;) files.push(openSync("/dev/null", "r"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EMFILE") throw error;
  }
  return files.length;
}

/** The link's own file is taken too, before another link can have it. */
function dropLinkAndFill(): void {
  const { session } = newest().$;
  const stop = session.watch(({ kind }) => {
    if (kind === "detached") fill();
  });
  session.dropLink("for want of files");
  stop();
}

function status(): SideStatus {
  for (let times = 0; times < 2; times++) globalThis.gc?.();
  const { usage, sessions } = server ?? {};
  return {
    sessions: sessions?.size ?? 0,
    links: usage?.links ?? 0,
    detached: usage?.detachedSessions ?? 0,
    heldBytes: usage?.heldBytes ?? 0,
    running: works.running,
    timers: process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length,
    heapBytes: process.memoryUsage().heapUsed,
    uncaught,
  };
}

async function hangUp(): Promise<void> {
  for (const client of clients.splice(0)) await client.$.session.close();
  work = undefined;
}

function report(): SideReport {
  const report: SideReport = {
    settled: waiters.takeSettled(),
    waiting: waiters.waiting,
    done: work?.done,
    states,
    ends,
  };
  [states, ends] = [[], []];
  return report;
}

answerParent(async (request: SideRequest): Promise<unknown> => {
  switch (request.kind) {
    case "serve":
      return start(request);
    case "connect":
      return outcomeOf(() => open(request));
    case "work": {
      const random = new SeededRandom(request.seed);
      work = new WorksClient(newest(), { number, waiters, random: () => random.next() });
      return work.start();
    }
    case "finish":
      return work?.stop();
    case "deadline": {
      const { timeoutMs } = request;
      return outcomeOf(() => newest().hold({ client: number }, { timeoutMs }));
    }
    case "report":
      return report();
    case "came":
      return works.came(request.number) satisfies Readonly<Record<string, Came>>;
    case "visit":
      return outcomeOf(() => visit(request));
    case "hang-up":
      return hangUp();
    case "status":
      return status();
    case "fill":
      return fill();
    case "drop-link-and-fill":
      fill();
      return dropLinkAndFill();
    case "free":
      for (const file of files.splice(0, request.count ?? files.length)) closeSync(file);
      return;
    case "jump-clocks":
      jumpClocks();
      return;
    case "drain": {
      if (server === undefined) throw new RoamError("closed", "nothing is served");
      const { timeoutMs } = request;
      return (await outcomeOf(async () => server?.drain({ timeoutMs }))).tookMs;
    }
    case "close":
      return server?.close();
  }
});
