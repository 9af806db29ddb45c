import { otherSide, type Side } from "../transcript.ts";
import type { Event } from "./recorded.ts";
import { Difference, show } from "./tally.ts";

type Parity = "Odd" | "Even";

/**
 * Checks that what one message says of ids fits what the others say: answers belong to calls of
 * the other side, channel messages to channels that a call announced, connections were opened,
 * and every side allocates ids of the parity it asked for, once each.
 *
 * Injected messages open and announce like others, but nothing is expected of them. The two
 * directions are recorded as they interleaved, so no order between them is expected either.
 *
 * @throws Difference for the first id that does not fit
 */
export function checkIds(events: readonly Event[]): void {
  const book = new IdBook();
  for (const event of events) book.enter(event);
  for (const event of events) if (!event.isInjected) book.check(event);
}

class IdBook {
  readonly #connections = new Map<bigint, Set<Side>>([[0n, new Set(["initiator", "acceptor"])]]);
  /** By side and connection: the parity it asked for in a message of its own. */
  readonly #parities = new Map<string, Parity>();
  readonly #calls = new Set<string>();
  readonly #channels = new Set<string>();
  readonly #pings = new Set<string>();
  readonly #allocated = new Set<string>();

  enter({ from, isInjected, message: { connection_id: connection, payload } }: Event): void {
    const key = (id: bigint) => `${from} ${connection} ${id}`;
    switch (payload.tag) {
      case "Hello":
      case "HelloYourself":
      case "ConnectionOpen":
      case "ConnectionAccept":
        if (payload.tag === "ConnectionOpen") this.#opened(connection).add(from);
        if (!isInjected)
          this.#parities.set(`${from} ${connection}`, payload.value.connection_settings.parity);
        break;
      case "RequestMessage":
        if (payload.value.body.tag === "Call") this.#calls.add(key(payload.value.id));
        if (payload.value.body.tag !== "Cancel") {
          for (const channel of payload.value.body.value.channels)
            this.#channels.add(`${connection} ${channel}`);
        }
        break;
      case "Ping":
        this.#pings.add(key(payload.value.nonce));
        break;
    }
  }

  #opened(connection: bigint): Set<Side> {
    const sides = this.#connections.get(connection) ?? new Set();
    this.#connections.set(connection, sides);
    return sides;
  }

  check({ from, message }: Event): void {
    const { connection_id: connection, payload } = message;
    const other = otherSide(from);
    const expect = (isTrue: boolean, complaint: string) => {
      if (!isTrue) throw new Difference(`${complaint}: ${show(message)}`);
    };
    // Pings are answered on whatever connection they name.
    if (payload.tag !== "Ping" && payload.tag !== "Pong") {
      expect(this.#connections.has(connection), "message on a connection nobody opened");
    }
    switch (payload.tag) {
      case "ConnectionOpen":
        this.#allocate(from, 0n, "connection", connection, expect);
        break;
      case "ConnectionAccept":
      case "ConnectionReject":
        expect(this.#opened(connection).has(other), "answer to an open that was not sent");
        break;
      case "RequestMessage": {
        const { id, body } = payload.value;
        if (body.tag === "Response") {
          expect(this.#calls.has(`${other} ${connection} ${id}`), "response to a call that was not sent");
        } else if (body.tag === "Cancel") {
          expect(this.#calls.has(`${from} ${connection} ${id}`), "cancel of a call that was not sent");
        } else {
          this.#allocate(from, connection, "request", id, expect);
          for (const channel of body.value.channels)
            this.#allocate(from, connection, "channel", channel, expect);
        }
        break;
      }
      case "ChannelMessage":
        expect(this.#channels.has(`${connection} ${payload.value.id}`), "channel that no call announced");
        break;
      case "Pong":
        expect(
          this.#pings.has(`${other} ${connection} ${payload.value.nonce}`),
          "answer to a ping that was not sent",
        );
        break;
    }
  }

  #allocate(
    from: Side,
    connection: bigint,
    what: "connection" | "request" | "channel",
    id: bigint,
    expect: (isTrue: boolean, complaint: string) => void,
  ): void {
    const parity = this.#parities.get(`${from} ${connection}`);
    if (parity !== undefined)
      expect((id % 2n === 1n) === (parity === "Odd"), `${what} id of the wrong parity`);
    const place = `${from} ${connection} ${what} ${id}`;
    expect(!this.#allocated.has(place), `${what} id used twice`);
    this.#allocated.add(place);
  }
}
