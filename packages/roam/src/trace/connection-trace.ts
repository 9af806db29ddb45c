import type { Connection } from "../connection/connection.ts";
import type { Id, RequestCall } from "../wire/message.ts";
import { MethodNames } from "./method-names.ts";

export type Side = "caller" | "handler";

/** A call that has begun and not ended. */
export interface OpenCall {
  readonly method: string;
  readonly beginMs: number;
  readonly channels: readonly Id[];
}

/** A channel in the arguments of such a call. */
export interface OpenChannel {
  readonly method: string;
  readonly side: Side;
}

/** What a trace keeps of one connection: the calls it tells of, and the channels in them. */
export class ConnectionTrace {
  /** Undefined where its messages only pass. */
  readonly connection: Connection | undefined;
  /** Its calls ask about the others and are not told. */
  readonly isLeftOut: boolean;
  readonly calls: Readonly<Record<Side, Map<Id, OpenCall>>> = { caller: new Map(), handler: new Map() };
  readonly channels = new Map<Id, OpenChannel>();
  readonly #names: Readonly<Record<Side, MethodNames>>;

  constructor(connection: Connection | undefined) {
    this.connection = connection;
    this.isLeftOut = connection?.isServedToTheEnd === true;
    this.#names = {
      caller: new MethodNames(connection, "caller"),
      handler: new MethodNames(connection, "handler"),
    };
  }

  nameOf(side: Side, call: RequestCall): string {
    return this.#names[side].of(call);
  }

  begin(side: Side, { id, channels }: RequestCall, method: string, beginMs: number): void {
    this.calls[side].set(id, { method, beginMs, channels });
    for (const channel of channels) this.channels.set(channel, { method, side });
  }

  /** @param isServed false if no handler has seen its channels */
  end(side: Side, id: Id, isServed: boolean): OpenCall | undefined {
    const call = this.calls[side].get(id);
    this.calls[side].delete(id);
    if (!isServed) for (const channel of call?.channels ?? []) this.channels.delete(channel);
    return call;
  }
}
