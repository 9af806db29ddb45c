import { readdirSync, readFileSync } from "node:fs";
import { cpus, release, type } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Options } from "./options.ts";

/** Where, when and how figures were measured: they mean nothing without. */
export interface Circumstances {
  readonly machine: string;
  readonly cores: number;
  readonly versions: Readonly<Record<string, string>>;
  readonly date: string;
  readonly command: string;
  readonly setting: string;
}

/** The installed version, in the bench package or the workspace. */
export function versionOf(name: string): string {
  for (const up of ["..", "../../.."]) {
    const path = fileURLToPath(new URL(`${up}/node_modules/${name}/package.json`, import.meta.url));
    try {
      return (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version;
    } catch {
      // The other place, then.
    }
  }
  return "missing";
}

/** The packages that the other systems are made of. */
function peerPackages(): string[] {
  const directory = fileURLToPath(new URL("peers", import.meta.url));
  const sources = readdirSync(directory).map((file) => readFileSync(join(directory, file), "utf8"));
  const imported = sources.flatMap((source) => [...source.matchAll(/from "((?:@[\w-]+\/)?[\w.-]+)["/]/g)]);
  return imported.flatMap(([, name]) => (name === undefined || name.startsWith(".") ? [] : [name]));
}

function versions(isBesidePeers: boolean): Record<string, string> {
  const names = new Set(["roam", "ws", ...(isBesidePeers ? peerPackages().sort() : [])]);
  return { node: process.version, ...Object.fromEntries([...names].map((name) => [name, versionOf(name)])) };
}

export function circumstances(options: Options, args: readonly string[]): Circumstances {
  const { plan } = options;
  const [cpu] = cpus();
  const quoted = args.map((arg) => (/^[\w./=-]+$/.test(arg) ? arg : `'${arg}'`));
  return {
    machine: `${cpu?.model.trim() ?? "unknown processor"}, ${type()} ${release()}`,
    cores: cpus().length,
    versions: versions(options.isBesidePeers),
    date: new Date().toISOString().slice(0, 10),
    command: ["npm run -s bench --", ...quoted].join(" "),
    setting: [
      options.isPinned ? "client and server on one core" : "client and server in two processes",
      options.isFixedCredit ? "fixed credit" : "adaptive credit",
      `${plan.rounds} rounds of ${plan.roundMs} ms, interleaved${plan.isFresh ? ", each in fresh processes" : ""}`,
    ].join("; "),
  };
}

export function describe({ machine, cores, versions, date, setting }: Circumstances): string {
  const list = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `${date}; ${cores} x ${machine}; ${list.join(", ")}; ${setting}`;
}
