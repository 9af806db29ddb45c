import { parseArgs } from "node:util";

export interface Options {
  readonly tcp: { readonly host: string; readonly port: number };
  /** Undefined: a fresh path among the temporary files. */
  readonly unix: string | undefined;
  readonly wsPort: number;
  readonly isOnce: boolean;
  readonly isHelp: boolean;
}

export const HELP = `Serves Testbed over TCP, a Unix socket and WebSocket at once, calls it over each,
and shows a page where you can call it yourself.

  npm start -- [options]

  --tcp HOST:PORT|PORT  where to listen for TCP (default 127.0.0.1, a free port)
  --unix PATH           the local socket (default a temporary one)
  --ws PORT             the port of the page and its WebSocket (default a free one)
  --once                make the calls and leave: 0 if all answered as they must, else 1
  --help                this text`;

/** What a person asked for is not possible: told in one line. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
}

/** @throws UsageError for an option that is unknown or makes no sense */
export function readOptions(args: string[]): Options {
  const { tcp, unix, ws, once, help } = parse(args);
  return {
    tcp: tcpAddress(tcp ?? "0"),
    unix,
    wsPort: portOf("--ws", ws ?? "0"),
    isOnce: once ?? false,
    isHelp: help ?? false,
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        tcp: { type: "string" },
        unix: { type: "string" },
        ws: { type: "string" },
        once: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    // Node's message goes on to explain how to pass positionals; its first sentence is enough.
    const [sentence = "bad options"] = (error as Error).message.split(/\. |\n/);
    throw new UsageError(`${sentence} (--help tells what there is)`);
  }
}

function tcpAddress(text: string): Options["tcp"] {
  const colon = text.lastIndexOf(":");
  if (colon === -1) return { host: "127.0.0.1", port: portOf("--tcp", text) };
  const host = text.slice(0, colon).replace(/^\[(.*)\]$/, "$1");
  if (host === "") throw new UsageError(`--tcp: ${JSON.stringify(text)} has no host`);
  return { host, port: portOf("--tcp", text.slice(colon + 1)) };
}

function portOf(option: string, text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) {
    throw new UsageError(`${option}: ${JSON.stringify(text)} is not a port (0 to 65535)`);
  }
  return port;
}
