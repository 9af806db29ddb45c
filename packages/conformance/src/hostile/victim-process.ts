// The server that `npm run -s hostile` attacks.
import {
  type Limits,
  type LogFields,
  type Retention,
  type ServeOptions,
  type Server,
  type ServerUsage,
  serve,
} from "roam";
import { answerParent } from "../../../bench/src/asked-process.ts";
import { Target } from "./target-service.ts";

/** How the attacked server is set up. */
export interface VictimSetting {
  readonly url?: string;
  readonly limits?: Partial<Limits>;
  readonly retention?: Partial<Retention>;
  readonly keepalive?: ServeOptions["keepalive"];
  /** Sessions without it are refused. */
  readonly token?: string;
  readonly transport?: object;
}

export type VictimRequest =
  | { readonly kind: "serve"; readonly setting: VictimSetting }
  | { readonly kind: "status" }
  | { readonly kind: "close" };

export interface VictimStatus {
  readonly sessions: number;
  /** Sessions that were set up, ever. */
  readonly begun: number;
  /** Handlers that have not settled, over all sessions. */
  readonly running: number;
  /** Most memory that the process ever had (bytes). */
  readonly peakRssBytes: number;
  readonly rssBytes: number;
  /** How sessions ended, by the codes. */
  readonly ends: Readonly<Record<string, number>>;
  readonly stalls: number;
  /** What it takes of its limits; undefined before it serves. */
  readonly usage: ServerUsage | undefined;
  /** Lines of the log, warnings and errors: how many, and the last of them. */
  readonly logged: number;
  readonly lastLogged: string;
  /** Open sockets, timers and the like, by kind. */
  readonly resources: Readonly<Record<string, number>>;
}

const ITEM = new Uint8Array(64 * 1024);

let server: Server | undefined;
let begun = 0;
let running = 0;
let stalls = 0;
let logged = 0;
let lastLogged = "";
const ends: Record<string, number> = {};

function log({ err }: LogFields, message: string): void {
  logged++;
  lastLogged = err === undefined ? message : `${message} ${err}`;
}

/** Counts a handler for as long as it runs. */
async function counted<T>(run: () => Promise<T>): Promise<T> {
  running++;
  try {
    return await run();
  } finally {
    running--;
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

async function start(setting: VictimSetting): Promise<string> {
  const { url = "tcp://127.0.0.1:0", token, ...options } = setting;
  server = await serve(
    url,
    Target,
    {
      echo: ({ value }) => value,
      blob: ({ bytes }) => new Uint8Array(bytes),
      hold: (_, { signal }) => counted(() => untilAborted(signal)),
      ignore: (_, { signal }) => counted(() => untilAborted(signal)),
      pour: ({ items }) =>
        counted(async () => {
          for (;;) await items.send(ITEM);
        }),
      count: ({ items }) =>
        counted(async () => {
          let taken = 0;
          for await (const _ of items) taken++;
          return taken;
        }),
      nested: ({ value }) => value.children.length,
      units: ({ values }) => values.length,
      unitLists: ({ values }) => values.length,
      lists: ({ values }) => values.length,
      maps: ({ values }) => values.length,
    },
    {
      ...options,
      ...(token !== undefined && {
        authenticate({ kind, metadata, principal }) {
          if (kind === "session" && metadata.get("token") !== token) throw new Error("no such token");
          return principal ?? "known";
        },
      }),
      onSession(session) {
        begun++;
        void session.ended.then(({ code }) => {
          ends[code] = (ends[code] ?? 0) + 1;
        });
      },
      onStalled: () => stalls++,
      logger: { warn: log, error: log },
    },
  );
  return server.address;
}

function status(): VictimStatus {
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  return {
    sessions: server?.sessions.size ?? 0,
    begun,
    running,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    rssBytes: process.memoryUsage.rss(),
    ends,
    stalls,
    usage: server?.usage,
    logged,
    lastLogged,
    resources,
  };
}

answerParent(async (request: VictimRequest): Promise<unknown> => {
  switch (request.kind) {
    case "serve":
      return start(request.setting);
    case "status":
      return status();
    case "close":
      return server?.close();
  }
});
