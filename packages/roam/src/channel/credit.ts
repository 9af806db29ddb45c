const MAX_CREDIT = 0xffff_ffff;

/** Credit as the sender of items sees it. */
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
}

/**
 * Credit as the receiver of items sees it: what it has granted, and when to grant again.
 *
 * Without a budget it grants as published peers do: what the application has taken, in
 * portions of half the initial credit. With one, it grants ahead while the consumer keeps up.
 */
export class ReceiveCredit {
  readonly #initial: number;
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

  constructor(initial: number, budget?: CreditBudget) {
    this.#initial = initial;
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

  get window(): number {
    return this.#window;
  }

  /** @returns false if the sender had no credit for the item */
  received(bytes: number): boolean {
    if (this.#outstanding === 0) return false;
    this.#outstanding--;
    this.#items++;
    this.#bytes += bytes;
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
  }

  #granted(additional: number): number {
    this.#pending = 0;
    this.#outstanding += additional;
    return additional;
  }

  // r[impl rpc.x.adaptive-credit]
  #adapt(budget: CreditBudget): number {
    const isOver =
      this.#items >= budget.maxItems || this.#bytes >= budget.maxBytes || !budget.hasSessionRoom();
    if (isOver) {
      // Credit cannot be taken back: narrowing is to withhold what would be granted.
      this.#window = Math.max(this.#initial, Math.floor(this.#window / 2));
      return 0;
    }
    // The buffer ran empty while the sender was (nearly) out of credit: credit is what limits.
    const isStarved = this.#items === 0 && this.#outstanding <= this.#window / 4;
    if (isStarved && this.#window > 0) this.#window = Math.min(this.#window * 2, budget.maxItems);
    const wanted = this.#window - this.#outstanding - this.#items;
    if (wanted < Math.max(this.#portion, Math.floor(this.#window / 2))) return 0;
    return this.#granted(Math.min(wanted, MAX_CREDIT));
  }
}
