import { channelPlan } from "roam/schema";
import type { Id } from "roam/wire";
import type { RecordedMethods } from "./methods.ts";
import { isStep, type MessageStep, responseTo, type Scene, type Step, saying, stepsOf } from "./scene.ts";

/** Something that a published peer does and our runtime, by the protocol's text, does otherwise. */
export interface ListedDifference {
  /** What ours does. */
  readonly what: string;
  /** The rule that it follows, or that leaves it the choice. */
  readonly rule: string;
  /**
   * The steps as they go with our runtime: the same array if the scene shows nothing of the kind.
   * Only what our role says may change; what the other side says may move behind it at most.
   */
  adapt(steps: readonly Step[], methods: RecordedMethods): readonly Step[];
}

type Call = MessageStep<"RequestCall">;

const UNKNOWN_METHOD = Uint8Array.of(1, 1);
const INVALID_PAYLOAD = Uint8Array.of(1, 2);
const CANCELLED = Uint8Array.of(1, 3);

export const LISTED_DIFFERENCES: readonly ListedDifference[] = [
  {
    what: "binds channels inside a struct argument, so that its own Call names them",
    rule: "rpc.channel.discovery",
    adapt: (steps, methods) =>
      eachOf(steps, (step) => {
        if (!isStep(step, "RequestCall") || !step.isOurs) return step;
        const missing = unnamedChannels(step, methods);
        if (missing === 0) return step;
        const channels = freeChannelIds(step, steps, missing);
        return saying(step, { ...step.message, channels });
      }),
  },
  {
    what: "answers InvalidPayload to a Call that names other channels than its arguments hold",
    rule: "rpc.x.args",
    adapt: (steps, methods) =>
      answeredWith(steps, INVALID_PAYLOAD, (call) => unnamedChannels(call, methods) > 0),
  },
  {
    what: "answers UnknownMethod also where nothing is served",
    rule: "rpc.unknown-method",
    adapt: (steps, methods) =>
      answeredWith(
        steps,
        UNKNOWN_METHOD,
        (call, ret) => methods.of(call.message) === undefined && Buffer.compare(ret, CANCELLED) === 0,
      ),
  },
  {
    what: "sends nothing on a connection after closing it",
    rule: "connection.close",
    adapt: (steps) => {
      const closed = new Set<Id>();
      return eachOf(steps, (step) => {
        if (step.kind === "close" || !step.isOurs) return step;
        if (closed.has(step.message.connectionId)) return undefined;
        if (step.message.tag === "ConnectionClose") closed.add(step.message.connectionId);
        return step;
      });
    },
  },
  {
    what: "holds calls back beyond the number that the counterpart takes in flight",
    rule: "rpc.flow-control.max-concurrent-requests",
    adapt: withinLimit,
  },
];

/** A scene with the differences applied that it shows. */
export function adapted(
  scene: Scene,
  methods: RecordedMethods,
): { readonly scene: Scene; readonly differences: readonly ListedDifference[] } {
  let { steps } = scene;
  const differences = LISTED_DIFFERENCES.filter(({ adapt }) => {
    const before = steps;
    steps = adapt(before, methods);
    return steps !== before;
  });
  return { scene: { ...scene, steps }, differences };
}

/** Keeps, replaces or (undefined) leaves out each step; the same array if all are kept. */
function eachOf(steps: readonly Step[], change: (step: Step) => Step | undefined): readonly Step[] {
  const changed = steps.map(change);
  return changed.every((step, index) => step === steps[index])
    ? steps
    : changed.filter((step) => step !== undefined);
}

/** Replaces the answers of ours to the calls that `isMeant`. */
function answeredWith(
  steps: readonly Step[],
  ret: Uint8Array,
  isMeant: (call: Call, recorded: Uint8Array) => boolean,
): readonly Step[] {
  const responses = new Set(
    stepsOf(steps, "RequestCall")
      .filter((call) => !call.isOurs)
      .flatMap((call) => {
        const response = responseTo(steps, call);
        return response !== undefined && isMeant(call, response.message.ret as Uint8Array) ? [response] : [];
      }),
  );
  return eachOf(steps, (step) =>
    isStep(step, "RequestResponse") && responses.has(step) ? saying(step, { ...step.message, ret }) : step,
  );
}

/** Channels in the argument types of a call that names none. */
function unnamedChannels({ message }: Call, methods: RecordedMethods): number {
  const method = methods.of(message);
  return method === undefined || message.channels.length > 0 ? 0 : channelPlan(method.args).length;
}

/** The ids that come next on the call's connection; calls after it must not name any. */
function freeChannelIds({ entry, message }: Call, steps: readonly Step[], count: number): Id[] {
  const before = stepsOf(steps, "RequestCall").filter(
    (step) => step.isOurs && step.message.connectionId === message.connectionId && step.entry < entry,
  );
  const named = before.flatMap((step) => step.message.channels).map(Number);
  // Request ids and channel ids are of one parity.
  const first = Math.max(Number(message.id) % 2 === 1 ? -1 : 0, ...named) + 2;
  return Array.from({ length: count }, (_, index) => first + 2 * index);
}

/** Moves our calls behind the answers that make room for them, and their own answers with them. */
function withinLimit(steps: readonly Step[]): readonly Step[] {
  const ordered: Step[] = [];
  const rooms = new Map<Id, Room>();
  for (const step of steps) {
    const message = step.kind === "message" ? step.message : undefined;
    if (!step.isOurs && message !== undefined && "settings" in message)
      rooms.set(message.connectionId, new Room(message.settings.maxConcurrentRequests, ordered));
    const room = message === undefined ? undefined : rooms.get(message.connectionId);
    if (room !== undefined && step.isOurs && isStep(step, "RequestCall")) room.call(step);
    else if (room !== undefined && !step.isOurs && isStep(step, "RequestResponse")) room.answer(step);
    else ordered.push(step);
  }
  const isUnmoved = ordered.length === steps.length && ordered.every((step, at) => step === steps[at]);
  return isUnmoved ? steps : ordered;
}

/** Puts the calls of one connection, and their answers, where they come with a limit. */
class Room {
  #free: number;
  readonly #ordered: Step[];
  readonly #waiting: Call[] = [];
  readonly #answers = new Map<Id, MessageStep<"RequestResponse">>();

  constructor(limit: number, ordered: Step[]) {
    this.#free = limit;
    this.#ordered = ordered;
  }

  call(step: Call): void {
    if (this.#free === 0) {
      this.#waiting.push(step);
      return;
    }
    this.#free--;
    this.#ordered.push(step);
    const answer = this.#answers.get(step.message.id);
    if (answer !== undefined) this.answer(answer);
  }

  answer(step: MessageStep<"RequestResponse">): void {
    const { id } = step.message;
    if (this.#waiting.some((call) => call.message.id === id)) {
      this.#answers.set(id, step);
      return;
    }
    this.#ordered.push(step);
    this.#free++;
    const next = this.#waiting.shift();
    if (next !== undefined) this.call(next);
  }
}
