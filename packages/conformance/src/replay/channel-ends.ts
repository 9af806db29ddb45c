import { Rx, type Tx } from "roam";
import type { ChannelNode } from "roam/schema";
import type { Id } from "roam/wire";
import { ItemReader, ItemWriter } from "./item-ends.ts";
import { type MessageStep, type Step, stepsOf } from "./scene.ts";
import type { Underway } from "./underway.ts";

/** The ends of channels that our application holds. */
export class ChannelEnds {
  readonly #steps: readonly Step[];
  readonly #underway: Underway;
  readonly #writers = new Map<string, ItemWriter>();
  readonly #readers = new Map<string, ItemReader>();

  constructor(steps: readonly Step[], underway: Underway) {
    this.#steps = steps;
    this.#underway = underway;
  }

  /** @param options.isLeftOpen the handle's user does not close it: the runtime does */
  hold(
    connectionId: Id,
    id: Id,
    node: ChannelNode,
    handle: Tx<unknown> | Rx<unknown>,
    options: { readonly isLeftOpen: boolean } = { isLeftOpen: false },
  ): void {
    const isHere = ({ message }: { message: { connectionId: Id; id: Id } }) =>
      message.connectionId === connectionId && message.id === id;
    const items = stepsOf(this.#steps, "ChannelItem").filter(isHere);
    const name = `${connectionId} ${id}`;
    const watch = (what: string, promise: Promise<unknown>) =>
      this.#underway.watch(`${what} of channel ${id} on connection ${connectionId}`, promise);
    if (handle instanceof Rx) {
      const grants = stepsOf(this.#steps, "ChannelGrantCredit").filter(isHere);
      const granted = grants.reduce((sum, { message }) => sum + message.additional, 0);
      this.#readers.set(name, new ItemReader(handle, { node, items, granted, watch }));
    } else this.#writers.set(name, new ItemWriter(handle, { node, items, watch, ...options }));
  }

  /** Acts so that our runtime says what the step has. */
  perform(step: MessageStep<"ChannelItem" | "ChannelClose" | "ChannelGrantCredit">): void {
    const { message } = step;
    if (message.tag === "ChannelGrantCredit") held(this.#readers, message).takeForGrant(message.additional);
    else if (message.tag === "ChannelItem")
      held(this.#writers, message).send(step as MessageStep<"ChannelItem">);
    else held(this.#writers, message).close();
  }

  /** The other side is about to grant credit, or to close a channel. */
  foresee({ message }: MessageStep<"ChannelGrantCredit" | "ChannelClose">): void {
    const name = `${message.connectionId} ${message.id}`;
    if (message.tag === "ChannelClose") this.#readers.get(name)?.takeBeforeClose();
    else this.#writers.get(name)?.onGrant(message.additional);
  }

  /** Items that were handed to our runtime, and that it must not send for want of credit. */
  get heldBack(): readonly Step[] {
    return [...this.#writers.values()].flatMap(({ heldBack }) => (heldBack === undefined ? [] : [heldBack]));
  }
}

function held<E>(ends: ReadonlyMap<string, E>, { connectionId, id }: { connectionId: Id; id: Id }): E {
  const end = ends.get(`${connectionId} ${id}`);
  if (end === undefined)
    throw new TypeError(`nobody here holds such an end of channel ${id} on connection ${connectionId}`);
  return end;
}
