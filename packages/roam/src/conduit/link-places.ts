import { RoamError } from "../errors.ts";
import type { Limits } from "../limits.ts";
import type { Link } from "../link/link.ts";

/** How many links there may be at a time: in all, from one address, and of nobody knows whom. */
// r[impl session.x.limits]
export class LinkPlaces {
  readonly #limits: Pick<Limits, "maxLinks" | "maxLinksPerAddress" | "maxHandshakes">;
  readonly #byAddress = new Map<string, number>();
  #links = 0;
  #handshakes = 0;

  constructor(limits: Pick<Limits, "maxLinks" | "maxLinksPerAddress" | "maxHandshakes">) {
    this.#limits = limits;
  }

  /**
   * A place for a link that came in.
   *
   * @throws RoamError `handshake` if there is none; the link is gone then
   */
  take(link: Link): LinkPlace {
    const { maxLinks, maxLinksPerAddress, maxHandshakes } = this.#limits;
    const address = link.facts?.address;
    const fromThere = address === undefined ? 0 : (this.#byAddress.get(address) ?? 0);
    if (this.#links >= maxLinks) throw refuse(link, `${maxLinks} links are open`);
    if (this.#handshakes >= maxHandshakes)
      throw refuse(link, `${maxHandshakes} links are at their handshake`);
    if (fromThere >= maxLinksPerAddress) throw refuse(link, `${fromThere} links from ${address} are open`);
    this.#links++;
    this.#handshakes++;
    if (address !== undefined) this.#byAddress.set(address, fromThere + 1);
    return new LinkPlace(this, address);
  }

  /** @internal */
  onHandshakeOver(): void {
    this.#handshakes--;
  }

  /** @internal */
  onGone(address: string | undefined): void {
    this.#links--;
    if (address === undefined) return;
    const left = (this.#byAddress.get(address) ?? 0) - 1;
    if (left > 0) this.#byAddress.set(address, left);
    else this.#byAddress.delete(address);
  }
}

/** A link's place, until the link is gone. */
class LinkPlace {
  readonly #places: LinkPlaces;
  readonly #address: string | undefined;
  #isHandshaking = true;
  #isTaken = true;

  constructor(places: LinkPlaces, address: string | undefined) {
    this.#places = places;
    this.#address = address;
  }

  /** The handshake is over, one way or the other. */
  isKnown(): void {
    if (this.#isHandshaking) this.#places.onHandshakeOver();
    this.#isHandshaking = false;
  }

  giveBack(): void {
    this.isKnown();
    if (this.#isTaken) this.#places.onGone(this.#address);
    this.#isTaken = false;
  }
}

function refuse(link: Link, reason: string): RoamError {
  const error = new RoamError("handshake", `the link was refused: ${reason}`);
  link.destroy(error);
  return error;
}
