import { count, sendFor } from "../items.ts";
import { FrameKind } from "./frame-kind.ts";
import type { ItemQueue } from "./item-queue.ts";
import { NUMBER_BYTES, type RawSocket } from "./raw-socket.ts";
import { RawSender, type RawWindow, rawReceiver } from "./raw-stream.ts";
import { ANSWER_BYTES, ECHO_PADDING, ECHOED_PADDING } from "./wire-sizes.ts";

/** The serving side of a `RawPeer`, on one socket. */
export function serveRaw(socket: RawSocket, window: RawWindow): void {
  const queues = new Map<number, ItemQueue>();
  const senders = new Map<number, RawSender>();
  const answer = (id: number, value: number) => socket.sendNumber(FrameKind.answer, id, value, ANSWER_BYTES);
  const sendDown = async (id: number, durationMs: number) => {
    const sender = new RawSender(socket, id, window);
    senders.set(id, sender);
    const sent = await sendFor(durationMs, sender);
    senders.delete(id);
    socket.sendNumber(FrameKind.end, id, sent, NUMBER_BYTES);
  };
  const countUp = async (id: number) => {
    const queue = rawReceiver(socket, id, window);
    queues.set(id, queue);
    answer(id, 0);
    const total = await count(queue);
    queues.delete(id);
    answer(id, total);
  };
  socket.onBytes = (_kind, id, body) =>
    socket.sendBytes(FrameKind.echoed, id, body.subarray(ECHO_PADDING), ECHOED_PADDING);
  socket.onNumber = (kind, id, value) => {
    switch (kind) {
      case FrameKind.call:
        answer(id, value + 1);
        break;
      case FrameKind.down:
        void sendDown(id, value);
        break;
      case FrameKind.up:
        void countUp(id);
        break;
      case FrameKind.item:
        queues.get(id)?.push(value);
        break;
      case FrameKind.end:
        queues.get(id)?.end();
        break;
      case FrameKind.grant:
        senders.get(id)?.grant(value);
        break;
    }
  };
}
