import { RoamError } from "../errors.ts";
import type { Limits } from "../limits.ts";
import type { Link } from "../link/link.ts";

type OnRefused = (peer: string, reason: string) => void;

/** How many links there may be at a time: in all, from one address, and of nobody knows whom. */
// r[impl session.x.limits]
export class LinkPlaces {
  readonly #limits: Pick<Limits, "maxLinks" | "maxLinksPerAddress" | "maxHandshakes">;
  readonly #byAddress = new Map<string, number>();
  readonly #onRefused: OnRefused;
  #links = 0;
  #handshakes = 0;
  #refused = 0;

  constructor(
    limits: Pick<Limits, "maxLinks" | "maxLinksPerAddress" | "maxHandshakes">,
    onRefused: OnRefused = () => {},
  ) {
    this.#limits = limits;
    this.#onRefused = onRefused;
  }

  /** Links open now. */
  get links(): number {
    return this.#links;
  }

  /** Those of them whose handshake is not over. */
  get handshakes(): number {
    return this.#handshakes;
  }

  /** Links for which there was no place, so far. */
  get refused(): number {
    return this.#refused;
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
    if (this.#links >= maxLinks) throw this.#refuse(link, `${maxLinks} links are open`);
    if (this.#handshakes >= maxHandshakes)
      throw this.#refuse(link, `${maxHandshakes} links are at their handshake`);
    if (fromThere >= maxLinksPerAddress)
      throw this.#refuse(link, `${fromThere} links from ${address} are open`);
    this.#links++;
    this.#handshakes++;
    if (address !== undefined) this.#byAddress.set(address, fromThere + 1);
    return new LinkPlace(this, address);
  }

  #refuse(link: Link, reason: string): RoamError {
    const error = new RoamError("handshake", `the link was refused: ${reason}`);
    this.#refused++;
    link.destroy(error);
    this.#onRefused(link.peer, reason);
    return error;
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
