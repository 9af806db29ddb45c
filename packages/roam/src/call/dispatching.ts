import type { ChannelTable } from "../channel/channel-table.ts";
import type { MessageSink } from "../channel/message-sink.ts";
import { ProtocolError, type RoamError } from "../errors.ts";
import type { Id, Parity, RequestCall, RequestCancel } from "../wire/message.ts";
import { Metadata } from "../wire/metadata.ts";
import { UNKNOWN_METHOD } from "./response.ts";

/** What becomes of the calls that come on one connection. */
export interface Dispatching {
  /** Calls whose handlers have not settled, or whose answer has not left. */
  readonly running: number;
  /** Calls that wait for their turn. */
  readonly queued: number;
  /** Calls that came, ever. */
  readonly received: number;
  /** Those of them that were answered with an error of any kind, or not at all. */
  readonly failed: number;
  /** @throws ProtocolError for an id that is not the caller's to use, or beyond the queue */
  onCall(request: RequestCall): void;
  /** The caller does not want the answer any more. An unknown id is one answered already. */
  onCancel(request: RequestCancel): void;
  /** Serves those that run to their end, and no others. */
  drain(): void;
  /** The connection is gone: handlers are told, nobody is answered. */
  fail(cause: RoamError): void;
}

/** Where nothing is served: there is no method of any name. */
export class NotServed implements Dispatching {
  readonly #sink: MessageSink;
  readonly #channels: ChannelTable;
  readonly #parity: Parity;
  readonly running = 0;
  readonly queued = 0;
  received = 0;

  constructor(options: { sink: MessageSink; channels: ChannelTable; parity: Parity }) {
    this.#sink = options.sink;
    this.#channels = options.channels;
    this.#parity = options.parity;
  }

  get failed(): number {
    return this.received;
  }

  onCall({ id, channels }: RequestCall): void {
    checkRequestId(id, this.#parity);
    this.received++;
    for (const channel of channels) this.#channels.abandon(channel);
    const { connectionId } = this.#sink;
    const metadata = Metadata.EMPTY;
    this.#sink.post({
      tag: "RequestResponse",
      connectionId,
      id,
      channels: [],
      metadata,
      ret: UNKNOWN_METHOD,
    });
  }

  onCancel(): void {}
  drain(): void {}
  fail(): void {}
}

/**
 * @param parity ours on the connection: requests come with the other one
 * @throws ProtocolError
 */
// r[impl rpc.request.id-allocation]
export function checkRequestId(id: Id, parity: Parity): void {
  const isOdd = typeof id === "bigint" ? (id & 1n) === 1n : id % 2 === 1;
  if (id === 0 || isOdd === (parity === "odd")) {
    throw new ProtocolError("rpc.request.id-allocation", `request id ${id} is not the caller's`);
  }
}
