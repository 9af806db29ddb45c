import { type Body, decodeMessage, encodeMessage, type Message } from "roam/wire";
import { Reader, Writer } from "roam-postcard";
import { fromHex } from "../hex.ts";
import { isPayload, type Side, type Transcript } from "../transcript.ts";
import { type StableRecording, unframed } from "./stable-scene.ts";

type Tag = Message["tag"];
export type MessageOf<T extends Tag> = Extract<Message, { tag: T }>;

/** One side said something. */
export interface MessageStep<T extends Tag = Tag> {
  readonly kind: "message";
  /** Where the transcript has it: an index of its entries. */
  readonly entry: number;
  /** Said by the role that our runtime plays. */
  readonly isOurs: boolean;
  readonly message: MessageOf<T>;
  readonly payload: Uint8Array;
}

/** One side ended its direction. */
export interface CloseStep {
  readonly kind: "close";
  readonly entry: number;
  readonly isOurs: boolean;
}

export type Step = MessageStep | CloseStep;

/** A recorded session as seen from one of its two roles. */
export interface Scene {
  readonly name: string;
  /** The one that our runtime plays. */
  readonly role: Side;
  readonly steps: readonly Step[];
  /** What goes with the messages on a stable conduit; undefined on a bare one. */
  readonly stable?: StableRecording;
}

/**
 * True if published peers alone wrote the transcript, nothing of it was lost, and they did not
 * hang.
 */
export function isUndisturbed({ entries, outcome }: Transcript): boolean {
  return (
    entries.every((entry) => !isPayload(entry) || entry.fate === "delivered") &&
    !outcome.some((line) => line.startsWith("the scene did not finish"))
  );
}

/** @throws DecodeError for a payload that is no message */
export function sceneOf(transcript: Transcript, role: Side): Scene {
  const { name, conduit, entries } = transcript;
  const framed = conduit === "stable" ? unframed(transcript) : undefined;
  const steps = entries.flatMap((entry, index): Step[] => {
    const place = { entry: index, isOurs: entry.from === role };
    if (!isPayload(entry)) return [{ kind: "close", ...place }];
    const payload = framed === undefined ? fromHex(entry.hex) : framed.items.get(index);
    // A hello: it goes with the link.
    if (payload === undefined) return [];
    return [{ kind: "message", ...place, payload, message: decodeMessage(new Reader(payload)) }];
  });
  return { name, role, steps, ...(framed && { stable: framed.stable }) };
}

export function isStep<T extends Tag>(step: Step, ...tags: readonly T[]): step is MessageStep<T> {
  return step.kind === "message" && (tags as readonly Tag[]).includes(step.message.tag);
}

/** The steps that say one of `tags`, in order. */
export function stepsOf<T extends Tag>(steps: readonly Step[], ...tags: readonly T[]): MessageStep<T>[] {
  return steps.filter((step) => isStep(step, ...tags)) as MessageStep<T>[];
}

/** The recorded response to a recorded call. */
export function responseTo(
  steps: readonly Step[],
  { isOurs, message }: MessageStep<"RequestCall">,
): MessageStep<"RequestResponse"> | undefined {
  return stepsOf(steps, "RequestResponse").find(
    (step) =>
      step.isOurs !== isOurs &&
      step.message.connectionId === message.connectionId &&
      step.message.id === message.id,
  );
}

/** The same step with another message. */
export function saying<T extends Tag>(step: MessageStep<T>, message: MessageOf<T>): MessageStep<T> {
  return { ...step, message, payload: encoded(message) };
}

export function encoded(message: Message): Uint8Array {
  const writer = new Writer();
  encodeMessage(writer, message);
  return writer.finish();
}

/** What a recorded message carries for the application. */
export function bytesOf(body: Body): Uint8Array {
  if (body instanceof Uint8Array) return body;
  throw new TypeError("a received body is bytes");
}
