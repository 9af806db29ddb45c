import {
  type CallOptions,
  type CallResult,
  channel,
  knownIds,
  method,
  type Rx,
  type Service,
  type Tx,
} from "roam";
import { type ChannelNode, channelPlan, channelSchema, type MethodDescriptor } from "roam/schema";
import type { Connection } from "roam/session";
import { DecodeError, Reader, t, Writer } from "roam-postcard";
import { toHex } from "../hex.ts";
import { Difference, expectEqual, show } from "../vectors/tally.ts";
import { bytesOfResult } from "./answers.ts";
import type { ChannelEnds } from "./channel-ends.ts";
import { methodIdOf, type RecordedMethods } from "./methods.ts";
import { bytesOf, encoded, type MessageOf, type MessageStep, responseTo, type Step } from "./scene.ts";
import type { Underway } from "./underway.ts";

type Args = Record<string, unknown>;

/** A method of a client, with its types forgotten. */
export type ClientFunction = {
  result(args: Args, options: CallOptions): Promise<CallResult<unknown, unknown>>;
};

/** What is needed to make a recorded call again. */
interface Preparation {
  readonly service: Service;
  readonly method: MethodDescriptor;
  readonly args: Args;
  /** The ends of its channels that the caller keeps, in plan order. */
  readonly ends: readonly { readonly node: ChannelNode; readonly handle: Tx<unknown> | Rx<unknown> }[];
}

/** The calls of our side, and whether they came to what is recorded. */
export class MadeCalls {
  readonly #steps: readonly Step[];
  readonly #methods: RecordedMethods;
  readonly #channels: ChannelEnds;
  readonly #underway: Underway;
  readonly #nextChannelIds = new Map<Connection, number>();

  constructor(
    steps: readonly Step[],
    parts: { methods: RecordedMethods; channels: ChannelEnds; underway: Underway },
  ) {
    this.#steps = steps;
    this.#methods = parts.methods;
    this.#channels = parts.channels;
    this.#underway = parts.underway;
  }

  /** @param clientOf a client of a service on the connection */
  perform(
    step: MessageStep<"RequestCall">,
    connection: Connection,
    clientOf: (service: Service) => Readonly<Record<string, ClientFunction>>,
  ): void {
    const { message } = step;
    const { service, method: made, args, ends } = prepare(message, this.#methods);
    if (ends.length > 0) this.#skipTo(Number(message.channels[0]), connection);
    for (const [index, { node, handle }] of ends.entries()) {
      const id = message.channels[index];
      if (id !== undefined) this.#channels.hold(message.connectionId, id, node, handle);
    }
    const call = clientOf(service)[made.name] as ClientFunction;
    const answered = call.result(args, { metadata: message.metadata });
    const response = responseTo(this.#steps, step)?.message;
    this.#underway.watch(
      `entry ${step.entry}, the call of ${made.name}`,
      answered.then((result) => expectResult(made, result, response)),
    );
    const last = message.channels.at(-1);
    if (last !== undefined) this.#nextChannelIds.set(connection, Number(last) + 2);
  }

  /** Channel ids that the recorded caller chose not to use are taken and left alone. */
  #skipTo(id: number, connection: Connection): void {
    const first = connection.parity === "odd" ? 1 : 2;
    for (let next = this.#nextChannelIds.get(connection) ?? first; next < id; next += 2)
      connection.channels.allocate();
  }
}

function prepare(call: MessageOf<"RequestCall">, methods: RecordedMethods): Preparation {
  const own = methods.of(call);
  return (own && typed(call, own, methods.service)) ?? untyped(call, own, methods.service);
}

/** The call as a user makes it; undefined if its arguments are not what ours encode to. */
function typed(
  call: MessageOf<"RequestCall">,
  own: MethodDescriptor,
  service: Service,
): Preparation | undefined {
  const { ends, next } = newChannels();
  const bytes = bytesOf(call.args);
  const reader = new Reader(bytes);
  reader.context = { next };
  let args: Args;
  try {
    args = own.argsCodec.decode(reader);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
  const writer = new Writer();
  own.argsCodec.encode(writer, args);
  return toHex(writer.finish()) === toHex(bytes) ? { service, method: own, args, ends } : undefined;
}

/** The call with its arguments as bytes: its method is unknown, or they are not of its type. */
function untyped(
  call: MessageOf<"RequestCall">,
  own: MethodDescriptor | undefined,
  { name, methods }: Service,
): Preparation {
  const places = call.channels.length === 0 || own === undefined ? [] : channelPlan(own.args);
  if (places.length !== call.channels.length) throw new TypeError("a call with channels of unknown types");
  const { ends, next } = newChannels();
  const handles = places.map((place, index) => [`channel${index}`, next(place)]);
  const fields = places.map(({ direction, item, credit }, index) => [
    `channel${index}`,
    channelSchema(direction, item, credit),
  ]);
  const { returns, error } = methods[own?.name ?? ""] ?? { returns: t.trailing, error: undefined };
  const allFields = { ...Object.fromEntries(fields), args: t.trailing };
  const untypedMethod = error === undefined ? method(allFields, returns) : method(allFields, returns, error);
  const service: Service = knownIds(name, { untyped: untypedMethod }, { untyped: methodIdOf(call) });
  return {
    service,
    method: service.descriptors().get("untyped") as MethodDescriptor,
    args: { ...Object.fromEntries(handles), args: bytesOf(call.args) },
    ends,
  };
}

function newChannels() {
  const ends: { node: ChannelNode; handle: Tx<unknown> | Rx<unknown> }[] = [];
  /** Makes a channel: one handle for the arguments, the other is kept. */
  const next = (node: ChannelNode): Tx<unknown> | Rx<unknown> => {
    const [tx, rx] = channel<unknown>();
    ends.push({ node, handle: node.direction === "tx" ? rx : tx });
    return node.direction === "tx" ? tx : rx;
  };
  return { ends, next };
}

function expectResult(
  made: MethodDescriptor,
  result: CallResult<unknown, unknown>,
  response: MessageOf<"RequestResponse"> | undefined,
): void {
  const ret = bytesOfResult(made, result);
  if (ret === undefined) {
    if (response !== undefined) throw new Difference(`expected an answer, got ${!result.ok && result.error}`);
  } else if (response === undefined) throw new Difference(`expected no answer, got ${show(ret)}`);
  else {
    // A published handler may have sent more bytes than the type takes.
    const got = toHex(encoded({ ...response, metadata: result.metadata, ret }));
    expectEqual("result as it would be sent", got, toHex(encoded(response)).slice(0, got.length));
  }
}
