import { find } from "./dom.ts";
import { explain, show } from "./show.ts";

/** What a card prints while its call runs, and the signal that its Cancel button aborts. */
export interface Running {
  readonly signal: AbortSignal;
  print(text: string, note?: string): void;
}

/** One card of the page: a form, at most one call at a time, its answer. */
export class Card {
  readonly form: HTMLFormElement;
  readonly #root: HTMLElement;
  readonly #output: HTMLOutputElement;
  #controller: AbortController | undefined;

  /** @param onSubmit Enter, or the card's first button; what it throws is shown */
  constructor(id: string, onSubmit: () => void) {
    this.#root = find(document, `#${id}`, HTMLElement);
    this.form = find(this.#root, "form", HTMLFormElement);
    this.#output = find(this.#root, "output", HTMLOutputElement);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      try {
        onSubmit();
      } catch (error) {
        this.fail(error);
      }
    });
    this.button("cancel").addEventListener("click", () => this.#controller?.abort());
  }

  button(name: string): HTMLButtonElement {
    return find(this.#root, `.${name}`, HTMLButtonElement);
  }

  /**
   * Runs a call and shows what becomes of it: its value, its error, or that it was cancelled.
   * Does nothing while another one runs.
   */
  async run(
    work: (running: Running) => Promise<unknown>,
    format: (value: unknown) => string = show,
  ): Promise<void> {
    if (this.#controller !== undefined) return;
    const controller = new AbortController();
    this.#setController(controller);
    const startedMs = performance.now();
    const note = () => `${(performance.now() - startedMs).toFixed(1)} ms`;
    try {
      const print = (text: string, runningNote?: string) => this.#print("running", text, runningNote);
      const value = await work({ signal: controller.signal, print });
      this.#print("ok", format(value), note());
    } catch (error) {
      if (controller.signal.aborted) this.#print("cancelled", "cancelled", note());
      else this.fail(error, `, ${note()}`);
    } finally {
      this.#setController(undefined);
    }
  }

  /** Shows an error; a call that runs goes on. */
  fail(error: unknown, more = ""): void {
    const { what, note } = explain(error);
    this.#print("error", what, note + more);
  }

  #setController(controller: AbortController | undefined): void {
    this.#controller = controller;
    this.button("cancel").disabled = controller === undefined;
  }

  #print(kind: "running" | "ok" | "error" | "cancelled", text: string, note = "running"): void {
    const pre = document.createElement("pre");
    pre.textContent = text;
    const small = document.createElement("small");
    small.textContent = note;
    this.#output.dataset.kind = kind;
    this.#output.replaceChildren(pre, small);
    pre.scrollTop = pre.scrollHeight;
  }
}
