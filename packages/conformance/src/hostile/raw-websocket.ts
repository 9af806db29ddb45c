import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { within } from "../interop/case.ts";

const PATIENCE_MS = 10_000;

export const OPCODE = { continuation: 0, text: 1, binary: 2, ping: 9 } as const;

/** A WebSocket client that keeps to no rule. */
export class RawWebSocket {
  readonly #socket: Socket;
  #head = "";
  #onHead: () => void = () => {};
  /** The far side is done, in whatever way. */
  readonly ended: Promise<void>;
  hasEnded = false;

  /** A connection that has said nothing yet. */
  constructor(port: number) {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    this.#socket = socket;
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      if (this.#head.includes("\r\n\r\n")) return;
      this.#head += chunk.toString("latin1");
      if (this.#head.includes("\r\n\r\n")) this.#onHead();
    });
    this.ended = new Promise((resolve) => {
      const onEnd = () => {
        this.hasEnded = true;
        this.#onHead();
        resolve();
      };
      socket.on("end", onEnd).on("close", onEnd);
    });
  }

  /** @returns the status that the upgrade was answered with */
  async upgrade(headers: Readonly<Record<string, string>> = {}): Promise<number> {
    const answered = new Promise<void>((resolve) => {
      this.#onHead = resolve;
    });
    const lines = Object.entries({
      Host: "127.0.0.1",
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
      ...headers,
    }).map(([name, value]) => `${name}: ${value}\r\n`);
    this.#socket.write(`GET / HTTP/1.1\r\n${lines.join("")}\r\n`);
    await within("the answer to an upgrade", answered, PATIENCE_MS);
    return Number(this.#head.split(" ")[1] ?? 0);
  }

  /** What the upgrade was answered with. */
  get head(): string {
    return this.#head;
  }

  pause(): void {
    this.#socket.pause();
  }

  /** Writes, and waits until the kernel has it all, or the socket has ended. */
  async written(bytes: Uint8Array | string): Promise<void> {
    if (this.hasEnded) return;
    const taken = new Promise<void>((resolve) => void this.#socket.write(bytes, () => resolve()));
    await Promise.race([taken, this.ended]);
  }

  untilEnd(limitMs = PATIENCE_MS): Promise<void> {
    return within("the end of a WebSocket", this.ended, limitMs);
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/** A frame, masked with zeros; `claimed` is the length that it says to have. */
export function frame(
  opcode: number,
  payload: Uint8Array,
  options: { readonly isFinal?: boolean; readonly claimed?: number } = {},
): Uint8Array {
  const { isFinal = true, claimed = payload.length } = options;
  const first = (isFinal ? 0x80 : 0) | opcode;
  const mask = [0, 0, 0, 0];
  if (claimed < 126) return Buffer.concat([Uint8Array.of(first, 0x80 | claimed, ...mask), payload]);
  if (claimed < 0x1_0000)
    return Buffer.concat([Uint8Array.of(first, 0x80 | 126, claimed >> 8, claimed & 0xff, ...mask), payload]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(claimed));
  return Buffer.concat([Uint8Array.of(first, 0x80 | 127), length, Uint8Array.from(mask), payload]);
}
