import type { RoamError } from "../errors.ts";
import { Deque } from "../internal/deque.ts";
import { own } from "../internal/own.ts";
import type { Link } from "../link/link.ts";

/** Payloads that wait for one direction, at which reading stops. */
const HIGH_WATER = 16;

/** Payloads that come by one link go on by the other, both ways, until both directions have ended. */
export function joinLinks(near: Link, far: Link, onEnd: () => void): void {
  let open = 2;
  const onDirectionEnd = () => {
    if (--open === 0) onEnd();
  };
  forward(near, far, onDirectionEnd);
  forward(far, near, onDirectionEnd);
}

function forward(from: Link, to: Link, onEnd: () => void): void {
  const waiting = new Deque<Uint8Array>();
  let isPumping = false;
  let isOver = false;
  let hasEnded = false;
  const finish = (cause?: RoamError) => {
    if (isOver) return;
    isOver = true;
    waiting.drain();
    if (cause !== undefined) {
      from.destroy(cause);
      to.destroy(cause);
    } else void to.tx.close();
    onEnd();
  };
  const pump = async () => {
    isPumping = true;
    try {
      while (waiting.size > 0) {
        const permit = await to.tx.reserve();
        const payload = waiting.shift();
        if (payload === undefined) permit.release();
        else permit.write(payload, (writer, bytes) => writer.raw(bytes));
        if (waiting.size < HIGH_WATER) from.rx.resume();
      }
      if (hasEnded) finish();
    } catch (error) {
      finish(error as RoamError);
    } finally {
      isPumping = false;
    }
  };
  from.rx.start(
    (payload) => {
      if (isOver) return;
      const bytes = payload.whole();
      if (!isPumping && to.tx.tryWrite(bytes, (writer, whole) => writer.raw(whole))) return;
      waiting.push(own(bytes));
      if (waiting.size >= HIGH_WATER) from.rx.pause();
      if (!isPumping) void pump();
    },
    (cause) => {
      hasEnded = true;
      if (cause !== undefined) finish(cause);
      else if (!isPumping) finish();
    },
  );
}
