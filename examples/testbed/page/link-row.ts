import type { ConduitState } from "roam";
import { find } from "./dom.ts";
import type { Uplink } from "./uplink.ts";

const REFRESH_MS = 200;
const LONG_CUT_MS = 5000;

/** The row that shows what becomes of the session's links, and cuts them. */
export class LinkRow {
  readonly #uplink: Uplink;
  readonly #state = find(document, "#link-state", HTMLElement);
  readonly #cut = find(document, "#cut", HTMLButtonElement);
  readonly #cutLong = find(document, "#cut-long", HTMLButtonElement);
  #detachedAtMs = 0;
  #isDetached = false;
  #cuts = 0;
  #resumes = 0;

  constructor(uplink: Uplink) {
    this.#uplink = uplink;
    this.#cut.addEventListener("click", () => void this.#cutLink(0));
    this.#cutLong.addEventListener("click", () => void this.#cutLink(LONG_CUT_MS));
    setInterval(() => this.#showNumbers(), REFRESH_MS);
  }

  // The call that cuts the link is answered over the next one.
  async #cutLink(forMs: number): Promise<void> {
    try {
      await this.#uplink.services.monitor.cut({ for_ms: forMs });
    } catch {
      // The session is over: the row and the header tell.
    }
  }

  show(state: ConduitState): void {
    this.#count(state);
    this.#isDetached = state.kind === "detached";
    this.#cut.disabled = this.#cutLong.disabled = state.kind !== "connected" && state.kind !== "resumed";
    this.#state.dataset.state = state.kind;
    this.#state.textContent = this.#textOf(state);
    this.#showNumbers();
  }

  #count({ kind }: ConduitState): void {
    if (kind === "detached" && !this.#isDetached) {
      this.#detachedAtMs = performance.now();
      this.#cuts++;
    }
    if (kind === "resumed") this.#resumes++;
  }

  #textOf(state: ConduitState): string {
    const forMs = Math.round(performance.now() - this.#detachedAtMs);
    switch (state.kind) {
      case "connected":
        return `connected, ${state.conduit} conduit`;
      case "detached":
        return `detached for ${forMs} ms, attempt ${state.attempt + 1} in ${Math.round(state.nextDelayMs ?? 0)} ms`;
      case "resumed":
        return `resumed after ${forMs} ms, ${state.replayed} sent again`;
      case "lost":
        return `lost: ${state.reason}`;
      default:
        return state.kind;
    }
  }

  #showNumbers(): void {
    if (document.visibilityState !== "visible") return;
    setText("#cuts", this.#cuts);
    setText("#resumes", this.#resumes);
    const replay = this.#uplink.replay;
    if (replay === undefined) return;
    // Numbers count from 0: the first is one.
    setText("#sent", (replay.sent ?? -1) + 1);
    setText("#acked", (replay.acked ?? -1) + 1);
    setText("#received", (replay.received ?? -1) + 1);
    find(document, "#kept", HTMLElement).textContent = `${replay.bytes.toLocaleString("en")} B`;
  }
}

function setText(selector: string, count: number): void {
  find(document, selector, HTMLElement).textContent = count.toLocaleString("en");
}
