import type { Readable, Writable } from "node:stream";
import type { Link } from "../link/link.ts";
import { pairLink } from "./node-stream.ts";

/**
 * A link over this process's standard input and output. Nothing else may write to standard
 * output then: logs belong on standard error.
 */
export function stdioLink(): Link {
  return pairLink(process.stdin, process.stdout, { peer: "stdio" });
}

/** A link to a child process started with piped standard input and output. */
export function childLink(child: { readonly stdin: Writable; readonly stdout: Readable }): Link {
  return pairLink(child.stdout, child.stdin, { peer: "stdio" });
}
