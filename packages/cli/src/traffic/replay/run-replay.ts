import type { SchemaDocument } from "roam/schema";
import { documentFrom } from "../../document-from.ts";
import { EXIT, type ExitCode } from "../../exit-codes.ts";
import { Failure, UsageFailure } from "../../failure.ts";
import { tellFindings } from "../../findings.ts";
import type { Io } from "../../io.ts";
import { type PeerOptions, pairOf } from "../../peer.ts";
import { printable } from "../../printable.ts";
import { messageOf } from "../capture-format.ts";
import { counted } from "../counted.ts";
import { checkUrl, dialConduit } from "../dial-conduit.ts";
import { methodIndex } from "../method-index.ts";
import { progressBar } from "../progress-bar.ts";
import { Counterpart } from "./counterpart.ts";
import { InitialCredit } from "./initial-credit.ts";
import { captureHeader, captureLines, type NumberedLine } from "./read-capture.ts";
import type { Difference, ReplayCounts } from "./replay-report.ts";
import { ReplaySession, type ReplaySetting, untilTime } from "./replay-session.ts";

export interface ReplayCommandOptions extends PeerOptions {
  readonly schema?: string;
  readonly types?: string;
  readonly timing: "fast" | "original";
  readonly timeout: number;
  readonly ignore?: readonly string[];
  readonly secret?: readonly string[];
}

/** Feeds a capture to a peer. */
export async function runReplay(
  [path = "", url = ""]: readonly string[],
  options: ReplayCommandOptions,
  io: Io,
): Promise<ExitCode> {
  checkUrl(url);
  const header = await captureHeader(path);
  const document = (await statedDocument(options, io)) ?? header.schema;
  if (document === undefined && !io.isJson)
    io.note(
      io.notePaint.dim("the capture has no schema: payloads are compared as bytes (--schema says more)"),
    );
  const first = await scanned(path);
  const counts: ReplayCounts = { calls: 0, answers: 0, items: 0, cancelled: 0, skipped: 0, differences: 0 };
  const told: Difference[] = [];
  const setting: ReplaySetting = {
    index: methodIndex(document),
    credit: first.credit,
    ignored: new Set(options.ignore ?? []),
    timeoutMs: options.timeout,
    signal: io.signal,
    report: {
      counts,
      differ(difference) {
        counts.differences++;
        told.push(difference);
      },
    },
  };
  const startedMs = performance.now();
  const player = new Player(url, options, setting, io);
  try {
    for await (const numbered of captureLines(path)) {
      if (io.signal.aborted) break;
      if (options.timing === "original") await untilTime(numbered.line.t - first.t, startedMs, io.signal);
      await player.play(numbered);
      for (const difference of told.splice(0)) await tell(difference, io);
      io.progress(
        progressBar(counts.calls, first.calls, counted(counts.differences, "difference"), io.columns),
      );
    }
  } finally {
    await player.close();
    io.progress(undefined);
  }
  for (const difference of told.splice(0)) await tell(difference, io);
  await conclude(counts, player.sessions, performance.now() - startedMs, io);
  return counts.differences === 0 ? EXIT.ok : EXIT.failed;
}

/** Plays the lines of all sessions in the order that they have in the file. */
class Player {
  readonly #url: string;
  readonly #options: ReplayCommandOptions;
  readonly #setting: ReplaySetting;
  readonly #io: Io;
  readonly #secrets: ReadonlyMap<string, string>;
  readonly #sessions = new Map<number, ReplaySession>();
  readonly #redacted = new Set<string>();
  sessions = 0;

  constructor(url: string, options: ReplayCommandOptions, setting: ReplaySetting, io: Io) {
    this.#url = url;
    this.#options = options;
    this.#setting = setting;
    this.#io = io;
    this.#secrets = new Map((options.secret ?? []).map((text) => pairOf(text, "metadata")));
  }

  async play({ number, line }: NumberedLine): Promise<void> {
    if ("begin" in line) return this.#begin(line.session);
    const session = this.#sessions.get(line.session);
    if (session === undefined)
      throw new UsageFailure(`line ${number}: session ${line.session} has not begun`);
    if ("end" in line) {
      this.#sessions.delete(line.session);
      return session.end(number);
    }
    this.#checkSecrets(line.message.metadata ?? []);
    let message: ReturnType<typeof messageOf>;
    try {
      message = messageOf(line.message, this.#secrets);
    } catch (cause) {
      throw new UsageFailure(`line ${number}: ${(cause as Error).message}`);
    }
    await session.play(message, line.from, number);
  }

  async #begin(number: number): Promise<void> {
    const conduit = await dialConduit(this.#url, this.#options, this.#io, this.#io.signal);
    this.sessions++;
    this.#sessions.set(number, new ReplaySession(number, new Counterpart(conduit), this.#setting));
  }

  #checkSecrets(metadata: readonly { readonly key: string; readonly redacted?: true }[]): void {
    for (const { key, redacted } of metadata) {
      if (!redacted || this.#secrets.has(key) || this.#redacted.has(key)) continue;
      this.#redacted.add(key);
      this.#io.note(
        `${this.#io.notePaint.yellow("warning:")} the value of ${printable(key)} was left out of the capture: give it with --secret ${printable(key)}=…`,
      );
    }
  }

  /** Sessions without an end: the capture was stopped before theirs. */
  async close(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map(({ counterpart }) => counterpart.close()));
  }
}

async function statedDocument(
  { schema, types }: ReplayCommandOptions,
  io: Io,
): Promise<SchemaDocument | undefined> {
  if (schema === undefined) return undefined;
  const { document, findings } = await documentFrom(schema, types === undefined ? {} : { types }, io);
  tellFindings(findings, io);
  return document;
}

/** What has to be known before: the credit of channels, and how much there is. */
async function scanned(path: string): Promise<{ credit: InitialCredit; calls: number; t: number }> {
  const credit = new InitialCredit();
  let calls = 0;
  let t: number | undefined;
  for await (const { line } of captureLines(path)) {
    t ??= line.t;
    credit.see(line);
    if ("message" in line && line.message.tag === "RequestCall" && line.from === "initiator") calls++;
  }
  if (t === undefined) throw new Failure(`${path} has no sessions`, { exit: EXIT.usage });
  return { credit, calls, t };
}

async function tell(difference: Difference, io: Io): Promise<void> {
  if (io.isJson) return io.jsonLine({ difference });
  const { line, session, method, what, recorded, got, places } = difference;
  const name = method === undefined ? "" : `${io.paint.cyan(printable(method))}: `;
  const where = io.paint.dim(`(line ${line}, session ${session})`);
  let text = `${name}${printable(what)} ${where}\n`;
  if (places !== undefined) {
    for (const { path, recorded: before, got: now } of places) {
      const at = path === "" ? "" : `${path}: `;
      if (before !== undefined) text += io.paint.red(`  - ${printable(at + before)}\n`);
      if (now !== undefined) text += io.paint.green(`  + ${printable(at + now)}\n`);
    }
  } else {
    if (recorded !== undefined) text += io.paint.red(`  - ${printable(recorded)}\n`);
    if (got !== undefined) text += io.paint.green(`  + ${printable(got)}\n`);
  }
  await io.write(text);
}

async function conclude(counts: ReplayCounts, sessions: number, tookMs: number, io: Io): Promise<void> {
  if (io.signal.aborted) return;
  const seconds = Number((tookMs / 1000).toFixed(3));
  if (io.isJson) return io.jsonLine({ replayed: { sessions, ...counts, seconds } });
  const { calls, answers, items, cancelled, skipped, differences } = counts;
  const more = [
    `${counted(answers, "answer")} and ${counted(items, "item")} compared`,
    ...(cancelled > 0 ? [`${cancelled} cancelled`] : []),
    ...(skipped > 0 ? [`${counted(skipped, "message")} skipped`] : []),
  ];
  const verdict =
    differences === 0 ? io.paint.green("no difference") : io.paint.red(counted(differences, "difference"));
  await io.line(
    `${counted(calls, "call")} of ${counted(sessions, "session")} in ${seconds} s, ${more.join(", ")}: ${verdict}`,
  );
}
