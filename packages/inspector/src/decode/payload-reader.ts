import { type ChannelNode, type MethodDescriptor, servicesOf } from "roam/schema";
import { compile, Reader } from "roam-postcard";
import { bytesText, valueText } from "./value-text.ts";

/** A payload as a text, or as bytes with the reason why it is nothing better. */
export interface ReadPayload {
  readonly text: string;
  readonly isDecoded: boolean;
}

const CODES = ["user", "unknown-method", "invalid-payload", "cancelled", "indeterminate"];

/** Reads payloads of a trace by its schema. */
export class PayloadReader {
  readonly #methods = new Map<string, MethodDescriptor>();
  /** Why there is no schema that could be read. */
  readonly problem: string | undefined;

  /** @param document what the head of the trace has; undefined for nothing */
  constructor(document: unknown) {
    if (document === undefined) return;
    try {
      for (const service of servicesOf(document).values()) {
        for (const method of service.descriptors().values()) {
          this.#methods.set(`${service.name}.${method.name}`, method);
          this.#methods.set(method.id.toString(16).padStart(16, "0"), method);
        }
      }
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
    }
  }

  args(method: string, payload: string): ReadPayload {
    const descriptor = this.#methods.get(method);
    return read(payload, (reader) => {
      if (descriptor === undefined) return undefined;
      return valueText(descriptor.argsCodec.decode(reader));
    });
  }

  answer(method: string, payload: string): ReadPayload {
    const descriptor = this.#methods.get(method);
    return read(payload, (reader) => {
      if (descriptor === undefined) return undefined;
      if (reader.u8() === 0) return valueText(descriptor.returnsCodec.decode(reader));
      const code = CODES[reader.u8()];
      if (code !== "user") return code;
      return descriptor.errorCodec && `error ${valueText(descriptor.errorCodec.decode(reader))}`;
    });
  }

  /** @param place which of the call's channels it is, from 0 */
  item(method: string, place: number, args: string | undefined, payload: string): ReadPayload {
    const descriptor = this.#methods.get(method);
    return read(payload, (reader) => {
      if (descriptor === undefined || args === undefined) return undefined;
      const node = nodesOf(descriptor, bytesOf(args))[place];
      return node === undefined ? undefined : valueText(compile(node.item).decode(reader));
    });
  }
}

function nodesOf(method: MethodDescriptor, args: Uint8Array): ChannelNode[] {
  const nodes: ChannelNode[] = [];
  const reader = new Reader(args);
  reader.context = channelContext((node) => nodes.push(node));
  method.argsCodec.decode(reader);
  return nodes;
}

function read(payload: string, decode: (reader: Reader) => string | undefined): ReadPayload {
  const bytes = bytesOf(payload);
  try {
    const reader = new Reader(bytes);
    reader.context = channelContext(() => {});
    const text = decode(reader);
    if (text !== undefined) return { text, isDecoded: true };
  } catch {
    // Bytes of another schema are shown as what they are.
  }
  return { text: bytesText(bytes), isDecoded: false };
}

function channelContext(onNode: (node: ChannelNode) => void) {
  return {
    next(node: ChannelNode) {
      onNode(node);
      return "(a channel)";
    },
  };
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
