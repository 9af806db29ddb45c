import type { ChannelNode, MethodDescriptor } from "roam/schema";
import { compile, DecodeError, Reader } from "roam-postcard";
import { jsonFromValue } from "../json/json-from-value.ts";

/** What a payload says, or that it says nothing to who knows this schema. */
export type Decoded<T> = T | undefined;

export interface DecodedArgs {
  readonly value: Record<string, unknown>;
  readonly json: Record<string, unknown>;
  /** In the order of their ids, with the names of their arguments. */
  readonly channels: readonly (ChannelNode & { readonly name: string })[];
}

export type DecodedAnswer =
  | { readonly kind: "value" | "error"; readonly value: unknown; readonly json: unknown }
  /** One of the protocol's own. */
  | { readonly kind: "failure"; readonly code: string };

const CODES = ["user", "unknown-method", "invalid-payload", "cancelled"];

/** The arguments of a call; undefined if they are not of the method's types. */
export function decodeArgs(method: MethodDescriptor, payload: Uint8Array): Decoded<DecodedArgs> {
  return orUndefined(() => {
    const reader = new Reader(payload);
    const nodes: ChannelNode[] = [];
    reader.context = {
      next(node: ChannelNode) {
        nodes.push(node);
        return node;
      },
    };
    const value = method.argsCodec.decode(reader);
    const names = namesOf(value, nodes);
    const channels = nodes.map((node, index) => ({ ...node, name: names[index] ?? `channel ${index + 1}` }));
    return { value, json: withoutChannels(method, value), channels };
  });
}

/** Arguments that are channels themselves give them their names; those nested deeper have numbers. */
function namesOf(value: Record<string, unknown>, nodes: readonly ChannelNode[]): (string | undefined)[] {
  const entries = Object.entries(value);
  return nodes.map((node) => entries.find(([, one]) => one === node)?.[0]);
}

function withoutChannels({ args, argFields }: MethodDescriptor, value: Record<string, unknown>) {
  const json = jsonFromValue(args, value) as Record<string, unknown>;
  return Object.fromEntries(
    argFields.flatMap(({ name }) => (json[name] === "(a channel)" ? [] : [[name, json[name]]])),
  );
}

/**
 * An answer. Without a method only its kind is known, and value and json are undefined.
 *
 * @returns undefined if it is none, or not of the method's types
 */
export function decodeAnswer(
  method: MethodDescriptor | undefined,
  payload: Uint8Array,
): Decoded<DecodedAnswer> {
  return orUndefined((): Decoded<DecodedAnswer> => {
    const reader = new Reader(payload);
    const tag = reader.u8();
    if (tag > 1) return undefined;
    if (tag === 1) {
      const code = CODES[reader.u8()];
      if (code === undefined) return undefined;
      if (code !== "user") return { kind: "failure", code };
    }
    const kind = tag === 0 ? "value" : "error";
    if (method === undefined) return { kind, value: undefined, json: undefined };
    const codec = kind === "value" ? method.returnsCodec : method.errorCodec;
    if (codec === undefined) return undefined;
    const value = codec.decode(reader);
    return { kind, value, json: jsonFromValue(codec.schema, value) };
  });
}

export function decodeItem(
  channel: ChannelNode,
  payload: Uint8Array,
): Decoded<{ value: unknown; json: unknown }> {
  return orUndefined(() => {
    const value = compile(channel.item).decode(new Reader(payload));
    return { value, json: jsonFromValue(channel.item, value) };
  });
}

function orUndefined<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}
