import { setTimeout as delay } from "node:timers/promises";
import type { CutHow, FaultProxy } from "roam/fault-proxy";
import type { SeededRandom, Side } from "roam/testing";

/** Longest time that a link is left in peace before it is cut (ms). */
const MAX_PEACE_MS = 20;
/**
 * How far a link gets that is cut after so many bytes (at most): into the handshake, behind it,
 * somewhere into the replay or what follows.
 */
const REACHES = [60, 600, 20_000];
/** Many of these fail an attempt to reconnect, which costs the delay before the next one. */
const SHARE_BY_BYTES = 0.15;
/** Cuts that come whatever the session does; others wait until it has a link. */
const SHARE_ANYTIME = 0.1;
/** One cut in so many is silent: both ends learn of it by their timers, which takes a while. */
const CUTS_PER_VANISH = 500;

/** What a cutter is to know of the session. */
export interface Victim {
  /** It has a link, as far as it knows. */
  readonly isAttached: boolean;
  /** Links that it had after its first. */
  readonly resumes: number;
  /** Calls that were answered. */
  readonly calls: number;
}

/** Cuts the links of a proxy at random moments, at random bytes, in random ways. */
export class Cutter {
  readonly #proxy: FaultProxy;
  readonly #random: SeededRandom;
  readonly #victim: Victim;
  vanished = 0;

  constructor(proxy: FaultProxy, random: SeededRandom, victim: Victim) {
    this.#proxy = proxy;
    this.#random = random;
    this.#victim = victim;
  }

  /** Resolves when so many links were cut, all in all. */
  async run(cuts: number): Promise<void> {
    while (this.#proxy.totals.cuts < cuts) {
      const isSilentDue = this.#proxy.totals.cuts >= this.vanished * CUTS_PER_VANISH;
      if (isSilentDue) await this.#vanish();
      else await this.#cut();
    }
  }

  /** The link there is, and sometimes the next one as soon as so much went over it. */
  async #cut(): Promise<void> {
    const random = this.#random;
    const how = random.pick<CutHow>(["reset", "close"]);
    if (!random.chance(SHARE_ANYTIME)) await until(() => this.#victim.isAttached);
    await delay(random.spread(0, MAX_PEACE_MS));
    if (random.chance(SHARE_BY_BYTES)) await this.#cutNext(how);
    else this.#proxy.cut(how);
  }

  /** One at a time: a keepalive takes two silent links in a row for a dead peer. */
  async #vanish(): Promise<void> {
    if (this.#random.chance(0.5)) await this.#cutNext("vanish");
    else if (this.#proxy.cut("vanish") === 0) return;
    this.vanished++;
    const { resumes } = this.#victim;
    await until(() => this.#victim.resumes > resumes);
    const { calls } = this.#victim;
    await until(() => this.#victim.calls > calls);
  }

  async #cutNext(how: CutHow): Promise<void> {
    const random = this.#random;
    const proxy = this.#proxy;
    const from = random.pick<Side | undefined>(["client", "server", undefined]);
    proxy.cutAfter([0, random.pick(REACHES)], from, how);
    const cuts = proxy.totals.cuts + proxy.cut();
    await until(() => proxy.totals.cuts > cuts);
    proxy.cutAfter();
  }
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await delay(1);
}
