import { methodId } from "roam/schema";
import { DecodeError } from "roam-postcard";
import { decodeValue, encodeValue } from "../coded.ts";
import { toHex } from "../hex.ts";
import { type Neutral, neutral } from "../neutral.ts";
import type { NeutralType } from "../neutral-type.ts";
import { otherSide, type RecordedMethod, type RecordedService, type Side } from "../transcript.ts";
import { expectId, signatureOf } from "./method-ids.ts";
import type { Event } from "./recorded.ts";
import { Difference, expectEqual, type Tally } from "./tally.ts";

/** transcripts_service.json: the ids of the methods that the transcripts call. */
export function checkTranscriptsService(file: unknown, tally: Tally): void {
  const { service, methods } = file as RecordedService;
  for (const method of methods) {
    tally.run(`${service}.${method.name}`, () => {
      const signature = signatureOf(
        method.args.map((arg) => arg.type),
        method.ret,
      );
      expectId(methodId(service, method.name, signature), method);
    });
  }
}

interface Channel {
  readonly item: NeutralType;
  readonly sender: Side;
}

/**
 * Checks the bytes that messages carry for the application: arguments, results and items are
 * values of the service's types, in canonical form (recorded peers may have sent more bytes than
 * the type takes); arguments that are not were answered with InvalidPayload; and channels are
 * used by the side the method's type says.
 *
 * @throws Difference for the first that is not
 */
export function checkTyped(events: readonly Event[], service: RecordedService): void {
  const methods = new Map(service.methods.map((method) => [BigInt(method.method_id), method]));
  const calls = new Map<string, RecordedMethod>();
  const channels = new Map<string, Channel>();
  for (const { from, isInjected, message } of events) {
    const { connection_id: connection, payload } = message;
    if (payload.tag === "RequestMessage") {
      const { id, body } = payload.value;
      if (body.tag === "Call") {
        const method = methods.get(body.value.method_id);
        if (method === undefined) continue;
        calls.set(`${from} ${connection} ${id}`, method);
        const handles = channelsOf({ kind: "tuple", items: method.args.map((arg) => arg.type) });
        // A handle inside a struct argument is bound by nobody: the list of ids is shorter then.
        if (handles.length === body.value.channels.length) {
          for (const [index, { kind, item }] of handles.entries()) {
            const sender = kind === "rx" ? from : otherSide(from);
            channels.set(`${connection} ${body.value.channels[index]}`, { item, sender });
          }
        }
        if (!isInjected) checkArguments(body.value.args, method, answerTo(events, from, connection, id));
      } else if (body.tag === "Response" && !isInjected) {
        const method = calls.get(`${otherSide(from)} ${connection} ${id}`);
        if (method !== undefined) checkBytes("result", body.value.ret, envelope(method.ret));
      }
    } else if (payload.tag === "ChannelMessage" && !isInjected) {
      const channel = channels.get(`${connection} ${payload.value.id}`);
      if (channel === undefined) continue;
      const { body } = payload.value;
      const sender = body.tag === "Item" || body.tag === "Close" ? from : otherSide(from);
      expectEqual(`sender of channel ${payload.value.id}`, sender, channel.sender);
      if (body.tag === "Item") checkBytes("item", body.value.item, neutral(channel.item));
    }
  }
}

function checkBytes(what: string, bytes: Uint8Array, { schema }: Neutral): void {
  const value = decodeValue(schema, bytes, { isStrict: false });
  const encoded = toHex(encodeValue(schema, value));
  expectEqual(`${what} encoded again`, encoded, toHex(bytes).slice(0, encoded.length));
}

const INVALID_PAYLOAD = "0102";

function checkArguments(bytes: Uint8Array, { args }: RecordedMethod, answer: string | undefined): void {
  try {
    checkBytes("arguments", bytes, neutral({ kind: "tuple", items: args.map((arg) => arg.type) }));
  } catch (error) {
    if (error instanceof DecodeError && answer === INVALID_PAYLOAD) return;
    throw error;
  }
  if (answer === INVALID_PAYLOAD) throw new Difference("arguments were refused as invalid, and decode here");
}

function answerTo(
  events: readonly Event[],
  caller: Side,
  connection: bigint,
  id: bigint,
): string | undefined {
  for (const { from, message } of events) {
    if (from === caller || message.connection_id !== connection || message.payload.tag !== "RequestMessage")
      continue;
    const { value } = message.payload;
    if (value.id === id && value.body.tag === "Response") return toHex(value.body.value.ret);
  }
  return undefined;
}

/** What a response holds: `Result<T, RoamError<E>>`, with an E of no bytes for infallible methods. */
function envelope(ret: NeutralType): Neutral {
  const ok = ret.kind === "result" ? ret.ok : ret;
  const user: NeutralType = ret.kind === "result" ? ret.err : { kind: "unit-struct", name: "Infallible" };
  const unit = { kind: "unit-variant" } as const;
  return neutral({
    kind: "result",
    ok,
    err: {
      kind: "enum",
      name: "RoamError",
      variants: [
        { name: "User", payload: { kind: "newtype-variant", item: user } },
        { name: "UnknownMethod", payload: unit },
        { name: "InvalidPayload", payload: unit },
        { name: "Cancelled", payload: unit },
      ],
    },
  });
}

type ChannelType = Extract<NeutralType, { kind: "tx" | "rx" }>;

/** The channel handles inside arguments, in declaration order. */
function channelsOf(type: NeutralType): readonly ChannelType[] {
  switch (type.kind) {
    case "tx":
    case "rx":
      return [type];
    case "option":
      return channelsOf(type.item);
    case "transparent":
      return channelsOf(type.inner);
    case "tuple":
    case "tuple-struct":
      return type.items.flatMap(channelsOf);
    case "struct":
      return type.fields.flatMap(([, field]) => channelsOf(field));
    default:
      return [];
  }
}
