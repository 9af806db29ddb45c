/**
 * What a link needs of a message port: a `MessagePort`, a `Worker`, `parentPort` or `self` in a
 * worker, in browsers and in Node. One of `addEventListener` and `on` must be there.
 */
export interface PortLike {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  start?(): void;
  close?(): void;
  addEventListener?(type: string, listener: (event: Event) => void): void;
  removeEventListener?(type: string, listener: (event: Event) => void): void;
  on?(type: string, listener: (value: unknown) => void): unknown;
  off?(type: string, listener: (value: unknown) => void): unknown;
}

export interface PortEvents {
  onMessage(message: unknown): void;
  /** Nothing more will come. */
  onGone(reason: string, cause?: unknown): void;
}

/**
 * Listens to a port in the way that it has.
 *
 * @returns what stops it
 * @throws TypeError for what has no way to listen
 */
export function listenToPort(port: PortLike, { onMessage, onGone }: PortEvents): () => void {
  // A `Worker` of Node has no `addEventListener`, ports of browsers have no `on`.
  const isTarget = port.addEventListener !== undefined;
  if (!isTarget && port.on === undefined) throw new TypeError("not a message port: it cannot be listened to");
  const listeners: readonly (readonly [string, (value: unknown) => void])[] = [
    ["message", isTarget ? (event) => onMessage((event as MessageEvent).data) : onMessage],
    ["messageerror", () => onGone("a message that cannot be read came by the port")],
    ["close", () => onGone("the port was closed without an end")],
    // Of workers: a script that fails, and in Node the end of the thread.
    ["error", (error) => onGone(`the worker failed: ${messageOf(error)}`, error)],
    ["exit", (code) => onGone(`the worker exited with code ${code}`)],
  ];
  for (const [type, listener] of listeners) {
    if (isTarget) port.addEventListener?.(type, listener);
    else port.on?.(type, listener);
  }
  port.start?.();
  return () => {
    for (const [type, listener] of listeners) {
      if (isTarget) port.removeEventListener?.(type, listener);
      else port.off?.(type, listener);
    }
  };
}

/** An Error in Node, an ErrorEvent in browsers, or an event that says nothing. */
function messageOf(error: unknown): string {
  return (error as Partial<ErrorEvent>).message ?? "its script cannot be had";
}
