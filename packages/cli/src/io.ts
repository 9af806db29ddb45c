import type { Readable, Writable } from "node:stream";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { Failure } from "./failure.ts";
import { type Paint, paintWith, wantsColor } from "./paint.ts";
import { jsonOnOneLine } from "./printable.ts";

/** What a command talks to; `process` has it all. */
export interface Streams {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly env: NodeJS.ProcessEnv;
  /** Aborts with a `Stop` when the user wants no more. */
  readonly signal: AbortSignal;
}

/** Why a command has to end before it is done. */
export class Stop extends Error {
  override readonly name = "Stop";
  readonly exit: ExitCode;

  constructor(reason: string, exit: ExitCode) {
    super(reason);
    this.exit = exit;
  }

  /** Nobody reads standard output any more, as after `| head`. */
  static readonly outputClosed = () => new Stop("the output was closed", EXIT.ok);
}

/** A command's input, outputs and the wish to stop. */
export class Io {
  readonly stdin: Streams["stdin"];
  readonly env: NodeJS.ProcessEnv;
  /** Programs read the output: JSON, nothing else, on standard output. */
  readonly isJson: boolean;
  /** For standard output. */
  readonly paint: Paint;
  /** For standard error. */
  readonly notePaint: Paint;
  readonly #streams: Streams;
  readonly #stop = new AbortController();
  #progress = "";
  #release: () => void;

  constructor(streams: Streams, options: { readonly isJson?: boolean } = {}) {
    this.#streams = streams;
    this.stdin = streams.stdin;
    this.env = streams.env;
    this.isJson = options.isJson ?? false;
    this.paint = paintWith(!this.isJson && wantsColor(streams.stdout, streams.env));
    this.notePaint = paintWith(!this.isJson && wantsColor(streams.stderr, streams.env));
    const onAbort = () => this.#stop.abort(streams.signal.reason);
    const onError = (error: Error) => this.#stop.abort(stopFor(error));
    const ignore = () => {};
    streams.stdout.on("error", onError);
    streams.stderr.on("error", ignore);
    if (streams.signal.aborted) onAbort();
    else streams.signal.addEventListener("abort", onAbort, { once: true });
    this.#release = () => {
      streams.signal.removeEventListener("abort", onAbort);
      streams.stdout.off("error", onError);
      streams.stderr.off("error", ignore);
    };
  }

  /** Aborts when the command is to stop: Ctrl-C, SIGTERM, or nobody reads what it writes. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** True where a person looks on: standard error is a terminal and nobody asked for JSON. */
  get isWatched(): boolean {
    return this.#streams.stderr.isTTY === true && !this.isJson;
  }

  get isOutputTerminal(): boolean {
    return this.#streams.stdout.isTTY === true;
  }

  /** Width of the terminal (columns), 80 where there is none. */
  get columns(): number {
    return this.#streams.stdout.columns ?? this.#streams.stderr.columns ?? 80;
  }

  /**
   * Writes to standard output, and waits while that is full.
   *
   * @throws Stop if the command is to stop
   */
  async write(text: string): Promise<void> {
    const { stdout } = this.#streams;
    this.signal.throwIfAborted();
    this.#clearProgress();
    const hasRoom = stdout.write(text);
    this.#drawProgress();
    if (hasRoom) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        stdout.off("drain", done).off("close", done);
        this.signal.removeEventListener("abort", done);
        resolve();
      };
      stdout.on("drain", done).on("close", done);
      this.signal.addEventListener("abort", done, { once: true });
    });
    this.signal.throwIfAborted();
  }

  line(text: string): Promise<void> {
    return this.write(`${text}\n`);
  }

  /** A value as one line of JSON. */
  jsonLine(value: unknown): Promise<void> {
    return this.line(jsonOnOneLine(value));
  }

  /** A line on standard error. */
  note(text: string): void {
    this.#clearProgress();
    this.#streams.stderr.write(`${text}\n`);
    this.#drawProgress();
  }

  /**
   * Shows a line that stands for how far it is and is drawn over by the next; seen on terminals only.
   * Undefined takes it away.
   */
  progress(text: string | undefined): void {
    if (!this.isWatched) return;
    this.#clearProgress();
    this.#progress = text ?? "";
    this.#drawProgress();
  }

  /** Waits until what was written has been handed over. */
  async flush(): Promise<void> {
    this.progress(undefined);
    for (const stream of [this.#streams.stdout, this.#streams.stderr]) {
      if (stream.destroyed || !stream.writable) continue;
      await new Promise<void>((resolve) => {
        stream.once("close", resolve);
        stream.write("", () => {
          stream.off("close", resolve);
          resolve();
        });
      });
    }
  }

  /** Lets go of the streams. */
  release(): void {
    this.#release();
  }

  #clearProgress(): void {
    if (this.#progress !== "") this.#streams.stderr.write("\r\x1b[K");
  }

  #drawProgress(): void {
    if (this.#progress !== "")
      this.#streams.stderr.write(this.#progress.slice(0, Math.max(10, this.columns - 1)));
  }
}

/** Nobody reads is no failure; a full disk is one. */
function stopFor(error: Error): Error {
  const { code } = error as { code?: string };
  if (code === "EPIPE" || code === "ERR_STREAM_DESTROYED") return Stop.outputClosed();
  return new Failure(`standard output: ${error.message}`, { cause: error });
}
