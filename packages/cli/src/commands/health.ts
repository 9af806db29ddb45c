import type { Session } from "roam";
import { checkHealth, type HealthStatus, watchHealth } from "roam/health";
import { openIntrospection } from "roam/introspection";
import { command } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { UsageFailure } from "../failure.ts";
import type { Io } from "../io.ts";
import { openPeer, PEER_OPTIONS, type PeerOptions } from "../peer.ts";
import { durationMs } from "../quantity.ts";

interface HealthOptions extends PeerOptions {
  readonly timeout: number;
  readonly watch: boolean;
  readonly strict: boolean;
}

/** What was found out of a peer. */
interface Told {
  readonly status: HealthStatus;
  /** Who said so: a peer that says nothing is there, at least. */
  readonly by: "health" | "introspection" | "handshake";
}

export const health = command<HealthOptions>({
  name: "health",
  summary: "ask a peer whether it takes calls, for probes",
  about:
    "Exits with 0 if the peer serves, and with 1 if it winds up or its owner says that it does not. A peer without a health service, as the published Rust crates are, is taken to serve if it sets up a session, unless --strict.",
  args: [
    { form: "<url>", about: "the peer", complete: "url" },
    { form: "[service]", about: "of one of its services (default: of everything)", complete: "nothing" },
  ],
  options: [
    {
      flags: "--timeout <time>",
      about: "longest time for all of it, as 500ms or 2s",
      default: 2_000,
      defaultText: "2s",
      parse: durationMs,
      complete: "nothing",
    },
    { flags: "--watch", about: "go on, a line for each change, until it serves no more", default: false },
    { flags: "--strict", about: "a peer that says nothing of its health does not serve", default: false },
    ...PEER_OPTIONS,
  ],
  examples: [
    { command: "roam health tcp://127.0.0.1:4400", about: "once" },
    {
      command: "roam health unix:/run/billing.sock Billing --timeout 500ms",
      about: "in an exec probe of Kubernetes, or in a health check of a container",
    },
    { command: "roam health tcp://127.0.0.1:4400 --watch --json", about: "a line of JSON for each change" },
  ],
  async run({ args: [url = "", service = ""], options }, io) {
    const connectTimeout = Math.min(options.timeout, options.connectTimeout);
    await using peer = await openPeer(url, { ...options, connectTimeout }, io);
    const signal = options.watch
      ? io.signal
      : AbortSignal.any([io.signal, AbortSignal.timeout(options.timeout)]);
    if (options.watch) return await watch(peer.session, service, io);
    const told = await ask(peer.session, service, options.strict, signal);
    await tell(url, service, told, io);
    return told.status === "Serving" ? EXIT.ok : EXIT.failed;
  },
});

async function ask(session: Session, service: string, isStrict: boolean, signal: AbortSignal): Promise<Told> {
  const status = await checkHealth(session, service, { signal });
  if (status !== undefined) return { status, by: "health" };
  const about = await openIntrospection(session, { signal });
  if (about !== undefined) {
    const told = await about.health({ service }, { signal });
    await about.close();
    return { status: told === "Serving" ? "Serving" : "NotServing", by: "introspection" };
  }
  return { status: isStrict ? "NotServing" : "Serving", by: "handshake" };
}

async function tell(url: string, service: string, { status, by }: Told, io: Io): Promise<void> {
  if (io.isJson) return io.jsonLine({ url, ...(service !== "" && { service }), status, by });
  const what = service === "" ? url : `${service} at ${url}`;
  const says = {
    Serving: io.paint.green("serves"),
    NotServing: io.paint.red("does not serve"),
    Unknown: io.paint.red("is not known there"),
  }[status];
  const why = by === "handshake" ? " (sets up sessions; says nothing of its health)" : "";
  await io.line(`${what} ${says}${why}`);
}

async function watch(session: Session, service: string, io: Io) {
  let last: HealthStatus | undefined;
  try {
    for await (const status of watchHealth(session, service, { signal: io.signal })) {
      last = status;
      if (io.isJson) await io.jsonLine({ at: new Date().toISOString(), status });
      else await io.line(status);
    }
  } catch (error) {
    if ((error as { code?: string }).code === "rejected")
      throw new UsageFailure("the peer has no health service to watch", "ask once, without --watch");
    throw error;
  }
  return last === "Serving" ? EXIT.ok : EXIT.failed;
}
