import type { Socket } from "node:net";
import type { CutHow } from "./proxy-fault.ts";
import { type Flow, type PipeContext, ProxyPipe } from "./proxy-pipe.ts";
import type { Side } from "./simulation/fault-plan.ts";

/** A client's socket, the one dialled for it, and the bytes between them: until cut, failed or ended. */
export class ProxiedConnection {
  readonly #sockets: readonly Socket[];
  readonly #pipes: readonly ProxyPipe[];
  readonly #onOver: () => void;
  #open = 2;
  #isOver = false;

  constructor(
    { client, server }: Readonly<Record<Side, Socket>>,
    flows: Readonly<Record<Side, Flow>>,
    context: PipeContext,
    onOver: () => void,
  ) {
    this.#onOver = onOver;
    this.#sockets = [client, server];
    this.#pipes = [
      new ProxyPipe(client, server, flows.client, context),
      new ProxyPipe(server, client, flows.server, context),
    ];
    server.once("connect", () => this.pump());
    for (const socket of this.#sockets) {
      socket.setNoDelay(true).on("error", () => this.cut("reset"));
      socket.on("close", () => {
        if (--this.#open === 0) this.#over();
      });
    }
  }

  get heldBytes(): number {
    return this.#pipes.reduce((sum, pipe) => sum + pipe.heldBytes, 0);
  }

  pump(): void {
    for (const pipe of this.#pipes) pipe.pump();
  }

  /** @returns false if it was over already */
  cut(how: CutHow): boolean {
    if (this.#isOver) return false;
    this.#over();
    for (const socket of this.#sockets) {
      if (how === "reset") resetSocket(socket);
      else swallow(socket, how);
    }
    return true;
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const pipe of this.#pipes) pipe.stop();
    this.#onOver();
  }
}

/** Ends a socket with an RST, where there is such a thing. */
export function resetSocket(socket: Socket): void {
  const isTcp = socket.remoteAddress !== undefined;
  // Node leaves a socket open that is reset while its FIN still waits behind other bytes.
  const isEnding = socket.writableEnded && !socket.writableFinished;
  if (isTcp && !isEnding) socket.resetAndDestroy();
  else socket.destroy();
}

// Reading goes on, so that the far side's end is noticed and the socket does not stay for ever.
function swallow(socket: Socket, how: "close" | "vanish"): void {
  if (how === "close") socket.end();
  else socket.once("end", () => socket.destroy());
  socket.resume();
}
