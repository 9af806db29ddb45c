import type { CallError, CallResult, Client, Metadata } from "roam";
import type { Methods } from "roam/schema";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { Failure, UsageFailure } from "../failure.ts";
import type { Io } from "../io.ts";
import { JsonError } from "../json/json-path.ts";
import type { Json } from "../json/parse-json.ts";
import { valueFromJson } from "../json/value-from-json.ts";
import { methodText } from "../signature-text.ts";
import { AnswerWriter } from "./answer-writer.ts";
import type { GivenArgs } from "./call-args.ts";
import { CallChannels, type Output } from "./call-channels.ts";
import type { FoundMethod } from "./find-method.ts";
import { LinesFrom } from "./text-value.ts";

/** Time that the channels of a failed call have to end by themselves (ms). */
const END_MS = 1_000;

export interface CallOptions {
  readonly timeoutMs: number | undefined;
  readonly metadata: Metadata;
  /** Tells of the answer's metadata and time. */
  readonly onAnswer?: (metadata: Metadata, tookMs: number) => void;
}

type Ask = (args: unknown, options: object) => Promise<CallResult<unknown, unknown>>;

/** Makes one call: feeds its inputs, writes its items and its answer. @returns what to exit with */
export async function makeCall(
  client: Client<Methods>,
  method: FoundMethod,
  given: GivenArgs,
  options: CallOptions,
  io: Io,
): Promise<ExitCode> {
  const { args, channels } = argsOf(method, given);
  const writer = new AnswerWriter(method.descriptor, channels.outputs, io);
  if (channels.fromStdin.length > 0 && io.stdin.isTTY === true) {
    io.note(io.notePaint.dim(`items for ${channels.fromStdin[0]}: JSON, one a line; Ctrl-D ends them`));
  }
  // Ends the feeding of inputs, and the call if an item makes no sense.
  const feeding = new AbortController();
  const call = new AbortController();
  const stop = () => call.abort(io.signal.reason);
  if (io.signal.aborted) stop();
  else io.signal.addEventListener("abort", stop, { once: true });
  const { timeoutMs, metadata } = options;
  const ask = (client as unknown as Record<string, { result: Ask }>)[method.descriptor.name] as {
    result: Ask;
  };
  const started = performance.now();
  try {
    const answering = ask.result(args, {
      signal: call.signal,
      metadata,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
    // Items that cannot be written, or read, end the call as Ctrl-C does.
    const written = channels.outputs.map((output) =>
      writeItems(output, writer, (error) => call.abort(error)),
    );
    const fed = channels.feed(io.stdin, feeding.signal, (error) => call.abort(error));
    const answer = await answering;
    const tookMs = performance.now() - started;
    options.onAnswer?.(answer.metadata, tookMs);
    if (!answer.ok && isLate(answer.error, tookMs, timeoutMs)) throw tooLate(tookMs);
    if (answer.ok) {
      // Channels that the handler kept go on behind the answer.
      await Promise.race([Promise.all(written), aborted(call.signal)]);
    } else await ended(written, channels.outputs);
    call.signal.throwIfAborted();
    feeding.abort();
    await fed;
    return await writeAnswer(answer, writer, method, io);
  } finally {
    feeding.abort();
    io.signal.removeEventListener("abort", stop);
    for (const { rx } of channels.outputs) rx.reset();
  }
}

/** The deadline goes with the call, in whole milliseconds: the peer may stop its handler before our own clock is looked at. */
function isLate({ code }: CallError, tookMs: number, timeoutMs: number | undefined): boolean {
  return code === "cancelled" && timeoutMs !== undefined && tookMs >= timeoutMs - 1;
}

function tooLate(tookMs: number): Failure {
  return new Failure(`the deadline has passed: no answer within ${tookMs.toFixed(0)} ms`, {
    exit: EXIT.timeout,
    hint: "give it more time with --timeout",
  });
}

function argsOf(method: FoundMethod, given: GivenArgs): { args: unknown; channels: CallChannels } {
  const files = new Map<string, LinesFrom>();
  const json: Record<string, Json> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value instanceof LinesFrom) files.set(name, value);
    else json[name] = value;
  }
  const channels = new CallChannels(files);
  try {
    // A file stands for its argument as nothing would.
    const args = valueFromJson(method.descriptor.args, json, { channel: channels.make });
    channels.check();
    return { args, channels };
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new UsageFailure(error.message, `the method is ${methodText(method.described)}`);
  }
}

async function writeItems(
  output: Output,
  writer: AnswerWriter,
  onError: (error: unknown) => void,
): Promise<void> {
  try {
    for await (const item of output.rx) await writer.item(output, item);
  } catch (error) {
    onError(error);
  }
}

/** Waits for the items that came before a failure, but not for ever. */
async function ended(written: readonly Promise<void>[], outputs: readonly Output[]): Promise<void> {
  const timer = setTimeout(() => {
    for (const { rx } of outputs) rx.reset();
  }, END_MS);
  await Promise.all(written);
  clearTimeout(timer);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

async function writeAnswer(
  answer: CallResult<unknown, unknown>,
  writer: AnswerWriter,
  { descriptor }: FoundMethod,
  io: Io,
): Promise<ExitCode> {
  if (answer.ok) {
    await writer.value(answer.value);
    return EXIT.ok;
  }
  if (answer.error.code !== "user" || descriptor.errorCodec === undefined) throw answer.error;
  await writer.error((answer.error as CallError).detail);
  if (!io.isJson)
    io.note(
      `${io.notePaint.red("error:")} ${descriptor.service}.${descriptor.name} answered with its own error`,
    );
  return EXIT.userError;
}
