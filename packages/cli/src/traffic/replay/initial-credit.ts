import type { CaptureLine } from "../capture-format.ts";

/**
 * How many items of ours a channel takes before its first grant, as far as a capture shows: the
 * most that its sender was ahead of its grants. By method and place among the call's channels,
 * for that is what decides it.
 */
export class InitialCredit {
  readonly #seen = new Map<string, number>();
  readonly #channels = new Map<string, { readonly key: string; ahead: number }>();

  /** One more line of the capture. */
  see(line: CaptureLine): void {
    if (!("message" in line)) {
      if ("end" in line) this.#forget(`${line.session}/`);
      return;
    }
    const { message, session, from } = line;
    const place = `${session}/${message.connection}`;
    if (message.tag === "RequestCall") {
      for (const [index, channel] of (message.channels ?? []).entries())
        this.#channels.set(`${place}/${channel}`, { key: creditKey(message.method ?? "", index), ahead: 0 });
    }
    const channel = this.#channels.get(`${place}/${message.id}`);
    if (channel === undefined) return;
    // Only what the side that is played sends matters.
    if (message.tag === "ChannelItem" && from === "initiator") {
      channel.ahead++;
      this.#seen.set(channel.key, Math.max(channel.ahead, this.#seen.get(channel.key) ?? 0));
    }
    if (message.tag === "ChannelGrantCredit" && from === "acceptor") channel.ahead -= message.additional ?? 0;
    if (message.tag === "ChannelClose") this.#channels.delete(`${place}/${message.id}`);
  }

  of(method: string, index: number): number {
    return this.#seen.get(creditKey(method, index)) ?? 0;
  }

  #forget(prefix: string): void {
    for (const key of this.#channels.keys()) if (key.startsWith(prefix)) this.#channels.delete(key);
  }
}

function creditKey(method: string, index: number): string {
  return `${method}/${index}`;
}
