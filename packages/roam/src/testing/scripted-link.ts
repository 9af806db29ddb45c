import { RoamError } from "../errors.ts";
import { Inbox } from "../internal/inbox.ts";
import type { Link } from "../link/link.ts";
import { memoryLinkPair } from "../link/memory-link.ts";
import { claim, claimBytes, within } from "./claims.ts";
import { settled } from "./settled.ts";

/** How the far side ended: bare after a graceful close, with the cause if the link died. */
export interface LinkEnd {
  readonly cause: RoamError | undefined;
}

/**
 * One end of a link in the hands of a test: it expects what the peer at the other end sends,
 * and sends what it likes.
 */
export class ScriptedLink {
  readonly link: Link;
  readonly #inbox = new Inbox<Uint8Array>();
  #received = 0;
  #ended: LinkEnd | undefined;
  readonly #whenEnded: Promise<LinkEnd>;

  constructor(link: Link) {
    this.link = link;
    this.#whenEnded = new Promise((resolve) => {
      link.rx.start(
        (payload) => {
          this.#received++;
          this.#inbox.push(payload.whole());
        },
        (cause) => {
          this.#ended = { cause };
          this.#inbox.end();
          resolve(this.#ended);
        },
      );
    });
  }

  /** Payloads received and not yet expected. */
  get waiting(): number {
    return this.#inbox.size;
  }

  /** The next payload. Fails when the peer ends instead, or sends nothing for a while. */
  async expect(what = "a payload"): Promise<Uint8Array> {
    const payload = await within(this.#inbox.take(), what);
    claim(
      payload !== null,
      `${what}: the peer ended instead (${String(this.#ended?.cause ?? "gracefully")})`,
    );
    return payload;
  }

  async expectBytes(bytes: Uint8Array | readonly number[], what = "payload"): Promise<void> {
    claimBytes(await this.expect(what), Uint8Array.from(bytes), what);
  }

  /** Fails if the peer has sent anything, or sends it now, or ends. For memory links. */
  async expectNothing(shown: (payload: Uint8Array) => string = shownBytes): Promise<void> {
    await settled(() => this.#received);
    if (this.waiting > 0) claim(false, `expected nothing, got ${shown(await this.expect())}`);
    claim(this.#ended === undefined, `expected nothing, the peer ended (${String(this.#ended?.cause)})`);
  }

  /** Waits for the end of the inbound direction; nothing may come before it. */
  async expectEnd(): Promise<LinkEnd> {
    const end = await within(this.#whenEnded, "the end of the link");
    claim(this.waiting === 0, `expected the end, but ${this.waiting} payloads came before it`);
    return end;
  }

  /** Waits for the end, whatever comes before it. */
  untilEnd(): Promise<LinkEnd> {
    return within(this.#whenEnded, "the end of the link");
  }

  /** Sends one payload; waits only where the link makes its users wait. */
  async send(payload: Uint8Array | readonly number[]): Promise<void> {
    const permit = this.link.tx.tryReserve() ?? (await this.link.tx.reserve());
    permit.write(Uint8Array.from(payload), (writer, bytes) => writer.raw(bytes));
  }

  /** Closes gracefully: what was sent arrives, then the end. */
  end(): Promise<void> {
    return this.link.tx.close();
  }

  /** The link breaks, both ways. */
  die(cause: RoamError = new RoamError("io", "the script broke the link")): void {
    this.link.destroy(cause);
  }
}

/** A memory link: one end for the code under test, the other scripted. */
export function scriptedLink(): { readonly link: Link; readonly script: ScriptedLink } {
  const [link, far] = memoryLinkPair();
  return { link, script: new ScriptedLink(far) };
}

function shownBytes(payload: Uint8Array): string {
  return `${payload.length} bytes: ${payload.slice(0, 32).join(" ")}`;
}
