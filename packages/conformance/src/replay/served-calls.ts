import { type CallContext, fail, type Handler, implement, type Rx, Tx } from "roam";
import { channelWalk, type MethodDescriptor } from "roam/schema";
import type { Id } from "roam/wire";
import { Writer } from "roam-postcard";
import { toHex } from "../hex.ts";
import { Difference, expectEqual } from "../vectors/tally.ts";
import { type Answer, answerIn, isTypedAnswer } from "./answers.ts";
import type { ChannelEnds } from "./channel-ends.ts";
import type { RecordedMethods } from "./methods.ts";
import { bytesOf, type MessageStep, responseTo, type Step, stepsOf } from "./scene.ts";

/** What a handler throws where the recorded one died. */
export class AsRecorded extends Error {
  override readonly name: string = "AsRecorded";
}

/** A call that a handler of ours is to see. */
class ServedCall {
  readonly call: MessageStep<"RequestCall">;
  /** Undefined if it was never answered. */
  readonly response: MessageStep<"RequestResponse"> | undefined;
  readonly mayAnswer: Promise<void>;
  hasStarted = false;
  release: () => void = () => {};

  constructor(call: MessageStep<"RequestCall">, response: MessageStep<"RequestResponse"> | undefined) {
    this.call = call;
    this.response = response;
    this.mayAnswer = new Promise((resolve) => {
      this.release = resolve;
    });
  }
}

/** The handlers of our side: they take calls as they come, and answer when and what is recorded. */
export class ServedCalls {
  readonly #steps: readonly Step[];
  readonly #methods: RecordedMethods;
  readonly #channels: ChannelEnds;
  /** By connection, in order of arrival: said by the other side, and not seen by a handler. */
  readonly #arriving = new Map<Id, ServedCall[]>();
  readonly #answering = new Map<Step, ServedCall>();

  constructor(steps: readonly Step[], methods: RecordedMethods, channels: ChannelEnds) {
    this.#steps = steps;
    this.#methods = methods.withUntypedAnswers(untypedAnswers(steps, methods));
    this.#channels = channels;
  }

  /** The other side is about to make a call. */
  foresee(call: MessageStep<"RequestCall">): void {
    const response = responseTo(this.#steps, call);
    const method = this.#methods.of(call.message);
    if (method === undefined || answerOf(response, method)?.kind === "runtime") return;
    const served = new ServedCall(call, response);
    const { connectionId } = call.message;
    this.#arriving.set(connectionId, [...(this.#arriving.get(connectionId) ?? []), served]);
    if (response !== undefined) this.#answering.set(response, served);
  }

  /** Lets the handler answer. */
  perform(response: MessageStep<"RequestResponse">): void {
    this.#answering.get(response)?.release();
  }

  /**
   * True if the call waits for its turn, because the other side has more of them in flight than
   * we announced: calls are answered in any order, so its answer comes later than recorded.
   */
  isWaitingForItsTurn(response: MessageStep<"RequestResponse">): boolean {
    return this.#answering.get(response)?.hasStarted === false;
  }

  handlerFor(connectionId: Id): Handler {
    const { service } = this.#methods;
    const functions = [...service.descriptors()].map(([name, method]) => [
      name,
      (args: Record<string, unknown>, context: CallContext) =>
        this.#serve(connectionId, method, args, context),
    ]);
    return implement(service, Object.fromEntries(functions));
  }

  async #serve(
    connectionId: Id,
    method: MethodDescriptor,
    args: Record<string, unknown>,
    context: CallContext,
  ): Promise<unknown> {
    const served = this.#arriving.get(connectionId)?.shift();
    if (served === undefined)
      throw new Difference(`a call of ${method.name} reached its handler, unlike recorded`);
    served.hasStarted = true;
    const { message } = served.call;
    expectEqual("method that was called", method.name, this.#methods.of(message)?.name);
    expectArguments(method, args, bytesOf(message.args));
    let index = 0;
    channelWalk(method.args)?.(args, (node, handle) => {
      const end = handle as Tx<unknown> | Rx<unknown>;
      const id = message.channels[index++] as Id;
      const isLeftOpen = end instanceof Tx && this.#isClosedAfter(served.response, connectionId, id);
      // What else the handler does not end stays open, as recorded: the runtime must not end it.
      if (!isLeftOpen) end.keep();
      this.#channels.hold(connectionId, id, node, end, { isLeftOpen });
    });
    await served.mayAnswer;
    context.addMetadata(served.response?.message.metadata ?? {});
    const answer = answerOf(served.response, method);
    if (answer?.kind === "value") return answer.value;
    if (answer?.kind === "user") return fail(answer.detail);
    throw new AsRecorded("as recorded");
  }

  /** True if nothing was sent on the channel after the response, but its close. */
  #isClosedAfter(response: Step | undefined, connectionId: Id, id: Id): boolean {
    if (response === undefined) return false;
    const after = stepsOf(this.#steps, "ChannelItem", "ChannelClose").filter(
      ({ isOurs, entry, message }) =>
        isOurs && entry > response.entry && message.connectionId === connectionId && message.id === id,
    );
    return after.length === 1 && after[0]?.message.tag === "ChannelClose";
  }
}

function answerOf(
  response: MessageStep<"RequestResponse"> | undefined,
  method: MethodDescriptor,
): Answer | undefined {
  return response === undefined ? undefined : answerIn(bytesOf(response.message.ret), method);
}

/** The methods to which our role answered with other bytes than their types have. */
function untypedAnswers(steps: readonly Step[], methods: RecordedMethods): ReadonlySet<string> {
  const calls = stepsOf(steps, "RequestCall").filter(({ isOurs }) => !isOurs);
  const untyped = calls.flatMap((call) => {
    const method = methods.of(call.message);
    const response = responseTo(steps, call);
    if (method === undefined || response === undefined) return [];
    return isTypedAnswer(bytesOf(response.message.ret), method) ? [] : [method.name];
  });
  return new Set(untyped);
}

/** A published caller may have sent more bytes than the type takes. */
function expectArguments(
  method: MethodDescriptor,
  args: Record<string, unknown>,
  recorded: Uint8Array,
): void {
  const writer = new Writer();
  method.argsCodec.encode(writer, args);
  const got = toHex(writer.finish());
  expectEqual(`arguments of ${method.name}`, got, toHex(recorded).slice(0, got.length));
}
