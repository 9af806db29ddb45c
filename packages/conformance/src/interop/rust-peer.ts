import { fileURLToPath } from "node:url";
import { Difference, expectEqual } from "../vectors/tally.ts";
import { type Report, within } from "./case.ts";
import { Child } from "./child.ts";

const CRATE = fileURLToPath(new URL("../../rust-peer/", import.meta.url));
/** The program, once it is built. */
export const RUST_PEER = `${CRATE}target/release/roam-peer`;
/** The first build compiles every dependency (ms). */
const BUILD_LIMIT_MS = 900_000;
/** Time for all checks of one `--call` (ms). */
const CHECKS_LIMIT_MS = 15_000;

/**
 * Builds the Rust peer if its sources are newer.
 *
 * @throws Error with what the compiler said, or that there is none
 */
export async function buildRustPeer(): Promise<void> {
  const manifest = ["--manifest-path", `${CRATE}Cargo.toml`, "--target-dir", `${CRATE}target`];
  const cargo = new Child("cargo", ["build", "--release", ...manifest]);
  const status = await cargo.exited(BUILD_LIMIT_MS);
  if (status === 0) return;
  if (typeof status === "string" && status.includes("ENOENT")) {
    throw new Error("cargo is not installed: the Rust peer cannot be built");
  }
  throw new Error(`cargo build ended with ${status}\n${cargo.log.join("\n")}`);
}

type Line =
  | { readonly check: string; readonly ok: boolean; readonly detail?: string }
  | { readonly done: true; readonly passed: number; readonly failed: number }
  | SoakLine
  | SessionLine;

/** What came of a stream of the service Soak, made or served there. */
export interface SoakLine {
  readonly soak: "send" | "receive";
  readonly ok: boolean;
  readonly items: number;
  readonly seconds: number;
  readonly error?: string;
}

/** A stable session is over there. */
interface SessionLine {
  readonly session: "over";
  readonly links: number;
  /** Links that it cut itself. */
  readonly cutHere: number;
}

/** A process on the published Rust crates. See `src/options.rs` there for its arguments. */
export class RustPeer extends Child {
  readonly #checks: Extract<Line, { check: string }>[] = [];
  readonly soaks: SoakLine[] = [];
  readonly sessions: SessionLine[] = [];
  #total: number | undefined;
  #onDone: () => void = () => {};
  readonly #done: Promise<void>;
  /** Who waits for lines of JSON. */
  #onLine: () => void = () => {};

  constructor(args: readonly string[]) {
    super(RUST_PEER, args, { isLink: args[0] === "stdio" });
    this.#done = new Promise((resolve) => {
      this.#onDone = resolve;
    });
  }

  protected override onLog(line: string): void {
    // Not only checks are told there.
    if (!line.startsWith("{")) return;
    const told = JSON.parse(line) as Line;
    if ("check" in told) this.#checks.push(told);
    else if ("soak" in told) this.soaks.push(told);
    else if ("session" in told) this.sessions.push(told);
    else {
      this.#total = told.passed + told.failed;
      this.#onDone();
    }
    this.#onLine();
  }

  /** Waits until it has told of so many streams of Soak. */
  untilSoaks(count: number): Promise<void> {
    const told = new Promise<void>((resolve) => {
      this.#onLine = () => {
        if (this.soaks.length >= count) resolve();
      };
      this.#onLine();
    });
    return within(`${count} streams of the Rust peer`, told, CHECKS_LIMIT_MS);
  }

  /** Waits until it has made its calls. */
  done(): Promise<void> {
    const exited = this.exited(CHECKS_LIMIT_MS).then((status) => {
      if (this.#total === undefined) throw new Difference(`it ended with ${status} before its checks did`);
    });
    return within("the checks of the Rust peer", Promise.race([this.#done, exited]), CHECKS_LIMIT_MS);
  }

  /** Counts its checks, passed and failed, as cases. @returns how many there were */
  async report(report: Report): Promise<number> {
    await report.check("the Rust peer's checks end", () => this.done());
    for (const { check, ok, detail } of this.#checks) {
      if (ok) report.passed++;
      else report.fail(`the Rust peer's ${check}`, detail);
    }
    await report.check("all of the Rust peer's checks are told", async () =>
      expectEqual("checks", this.#checks.length, this.#total),
    );
    return this.#checks.length;
  }

  /** It must have ended well by itself. */
  async reportExit(report: Report): Promise<void> {
    await report.check("the Rust peer ends with status 0", async () => {
      const status = await this.exited();
      if (status !== 0) throw new Difference(`it ended with ${status}: ${this.log.slice(-5).join(" | ")}`);
    });
  }
}
