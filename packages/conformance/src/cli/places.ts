import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { documentOf } from "roam/schema";
import { Testbed } from "../../../../examples/testbed/testbed.ts";
import { RustPeer } from "../interop/rust-peer.ts";
import { type Piped, REPOSITORY, start } from "./program.ts";

/** A place for modules of users: inside the repository, so that they find `roam` and `tsx`. */
export class Place {
  readonly directory: string;

  constructor() {
    mkdirSync(join(REPOSITORY, "build"), { recursive: true });
    this.directory = mkdtempSync(join(REPOSITORY, "build", "cli-check-"));
    this.write(
      "testbed.ts",
      `export { Testbed } from "../../examples/testbed/testbed.ts";
export { testbedHandlers } from "../../examples/testbed/handlers.ts";
`,
    );
    this.write("testbed.json", JSON.stringify(documentOf([Testbed])));
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  write(name: string, text: string): string {
    const path = this.path(name);
    writeFileSync(path, text);
    return path;
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Somebody who serves Testbed. */
export interface TestbedPeer {
  readonly name: string;
  readonly url: string;
}

/** `roam serve` of a module in TypeScript. */
export async function ourPeer(
  place: Place,
  on = "tcp://127.0.0.1:0",
  more: readonly string[] = [],
): Promise<TestbedPeer & { process: Piped }> {
  const process = start(["serve", place.path("testbed.ts"), "--on", on, ...more], { stdin: "open" });
  const [, url = ""] = await process.seen(/serving Testbed on (\S+)\n/);
  return { name: "ours", url, process };
}

/** The peer on the published Rust crates. */
export async function rustPeer(): Promise<TestbedPeer> {
  const peer = new RustPeer(["listen", "--link", "tcp", "--addr", "127.0.0.1:0"]);
  return { name: "Rust", url: `tcp://${await peer.listening()}` };
}

/** The Rust trait that the peer is compiled from. */
export const RUST_TRAIT = join(REPOSITORY, "packages/conformance/rust-peer/src/testbed.rs");
