const MAX_CREDIT = 0xffff_ffff;
/** A window is good for this long at least: on a path with next to no round trip, items would come a few at a time. */
const LEAST_WINDOW_MS = 1;

/** Credit as the sender of items sees it. */
// r[impl rpc.flow-control]
export class SendCredit {
  #available: number;

  constructor(initial: number) {
    this.#available = initial;
  }

  get available(): number {
    return this.#available;
  }

  /** Spends one unit for one item, if there is one. */
  // r[impl rpc.flow-control.credit]
  spend(): boolean {
    if (this.#available === 0) return false;
    this.#available--;
    return true;
  }

  // r[impl rpc.flow-control.credit.grant.additive]
  grant(additional: number): void {
    this.#available = Math.min(this.#available + additional, MAX_CREDIT);
  }
}

/** What a receiver may buffer when it grants ahead of its consumer. */
export interface CreditBudget {
  /** Items of one channel. */
  readonly maxItems: number;
  /** Bytes of one channel. */
  readonly maxBytes: number;
  /** True while the channels of the session together have room. */
  hasSessionRoom(): boolean;
  /** Time, to see how long a grant takes to have an effect. */
  nowMs(): number;
}

/**
 * Credit as the receiver of items sees it: what it has granted, and when to grant again.
 *
 * Without a budget it grants as published peers do: what the application has taken, in
 * portions of half the initial credit. With one, it grants ahead while the consumer keeps up.
 */
export class ReceiveCredit {
  /** What may be out or buffered without granting ahead: the initial credit and explicit grants. */
  #base: number;
  readonly #portion: number;
  readonly #budget: CreditBudget | undefined;
  /** Items the sender may still send. */
  #outstanding: number;
  /** Units taken by the application and not granted again. */
  #pending = 0;
  /** Items wanted on their way or buffered: the initial credit, or more when widened. */
  #window: number;
  #items = 0;
  #bytes = 0;
  /** Size of recent items (bytes): rises with the largest, falls slowly. */
  #itemBytes = 0;
  /** The item that needs the grant made at `sentMs` to be sent at all, by its place in the stream. */
  #probe: { readonly item: number; readonly sentMs: number } | undefined;
  #roundTripMs: number | undefined;
  /** Items received so far. */
  #received = 0;
  /** Items taken since `#sinceMs`: the consumer's rate. */
  #taken = 0;
  #sinceMs: number | undefined;

  constructor(initial: number, budget?: CreditBudget) {
    this.#base = initial;
    this.#portion = Math.max(1, Math.floor(initial / 2));
    this.#outstanding = initial;
    this.#window = initial;
    this.#budget = budget;
  }

  /** Items received and not taken. */
  get buffered(): number {
    return this.#items;
  }

  /** Bytes received and not taken. */
  get bufferedBytes(): number {
    return this.#bytes;
  }

  /** Items received so far. */
  get receivedItems(): number {
    return this.#received;
  }

  /** Items that the sender may still send. */
  get outstanding(): number {
    return this.#outstanding;
  }

  get window(): number {
    return this.#window;
  }

  /** @returns false if the sender had no credit for the item */
  received(bytes: number): boolean {
    if (this.#outstanding === 0) return false;
    this.#outstanding--;
    this.#items++;
    this.#bytes += bytes;
    this.#received++;
    this.#itemBytes = Math.max(bytes, this.#itemBytes * 0.875 + bytes * 0.125);
    if (this.#received === this.#probe?.item) this.#measure(this.#probe.sentMs);
    return true;
  }

  /**
   * The application took one item.
   *
   * @returns units to grant now, 0 if none
   */
  // r[impl rpc.flow-control.credit.grant]
  taken(bytes: number): number {
    this.#items--;
    this.#bytes -= bytes;
    this.#pending++;
    const budget = this.#budget;
    if (budget !== undefined) return this.#adapt(budget);
    if (this.#pending < this.#portion) return 0;
    return this.#granted(this.#pending);
  }

  /** An explicit grant by the application: the only start of a channel without initial credit. */
  // r[impl rpc.flow-control.credit.initial.zero]
  granted(additional: number): void {
    this.#outstanding += additional;
    this.#base += additional;
    this.#window += additional;
  }

  #granted(additional: number): number {
    this.#pending = 0;
    this.#outstanding += additional;
    return additional;
  }

  // r[impl rpc.x.adaptive-credit]
  #adapt(budget: CreditBudget): number {
    this.#taken++;
    const isOver =
      this.#items >= budget.maxItems || this.#bytes >= budget.maxBytes || !budget.hasSessionRoom();
    const fitting = Math.min(budget.maxItems, budget.maxBytes / Math.max(1, this.#itemBytes));
    // Credit cannot be taken back: narrowing is to withhold what would be granted.
    const wished = isOver ? this.#window / 2 : this.#window;
    this.#window = Math.max(this.#base, Math.floor(Math.min(wished, fitting)));
    // What was taken is given back in any case: the sender would wait for ever otherwise.
    const target = isOver ? this.#base : this.#window;
    const least = isOver ? this.#portion : Math.max(this.#portion, Math.floor(target / 2));
    const out = this.#outstanding + this.#items;
    if (target - out < least) return 0;
    if (isOver) return this.#granted(target - out);
    const nowMs = budget.nowMs();
    if (this.#isWindowUsedUp(nowMs)) {
      this.#window = Math.max(this.#base, Math.floor(Math.min(this.#window * 2, fitting)));
    }
    this.#probe ??= { item: this.#received + this.#outstanding + 1, sentMs: nowMs };
    return this.#granted(Math.min(this.#window - out, MAX_CREDIT));
  }

  /** The first item has come that a grant allowed: no sooner than a round trip after it. */
  #measure(sentMs: number): void {
    this.#probe = undefined;
    const elapsedMs = (this.#budget as CreditBudget).nowMs() - sentMs;
    // The shortest is nearest to the truth; it may drift up, for paths change.
    const longestMs = (this.#roundTripMs ?? Number.POSITIVE_INFINITY) * 1.25;
    this.#roundTripMs = Math.min(elapsedMs, longestMs);
  }

  /**
   * True if the consumer takes about a window in a round trip, so that the window is what limits.
   * A sender that is slower by itself shows as half a window, for that is when grants are made.
   */
  #isWindowUsedUp(nowMs: number): boolean {
    const elapsedMs = nowMs - (this.#sinceMs ?? nowMs);
    if (this.#sinceMs !== undefined && elapsedMs < (this.#roundTripMs ?? Number.POSITIVE_INFINITY)) {
      return false;
    }
    const taken = this.#taken;
    this.#sinceMs = nowMs;
    this.#taken = 0;
    if (elapsedMs === 0 || this.#roundTripMs === undefined) return false;
    const windowMs = Math.max(this.#roundTripMs, LEAST_WINDOW_MS);
    return taken * (windowMs / elapsedMs) > this.#window * 0.75;
  }
}
