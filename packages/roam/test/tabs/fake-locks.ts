import type { Locks } from "roam/tabs";

interface Waiting {
  readonly page: Page;
  readonly start: () => void;
}

/** Web Locks of one site, without modes: pages ask for them, and may die with them. */
export class FakeLocks {
  readonly #queues = new Map<string, Waiting[]>();

  page(): Page {
    return new Page(this.#queues);
  }
}

/** One page's view. */
export class Page implements Locks {
  readonly #queues: Map<string, Waiting[]>;

  constructor(queues: Map<string, Waiting[]>) {
    this.#queues = queues;
  }

  request<T>(
    name: string,
    { signal }: { readonly signal?: AbortSignal },
    held: () => Promise<T>,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const queue = this.#queues.get(name) ?? [];
      this.#queues.set(name, queue);
      let isHeld = false;
      const start = () => {
        isHeld = true;
        held()
          .then(resolve, reject)
          .finally(() => this.#leave(queue, waiting));
      };
      const waiting = { page: this, start };
      queue.push(waiting);
      signal?.addEventListener("abort", () => {
        if (isHeld) return;
        this.#leave(queue, waiting);
        reject(signal.reason);
      });
      if (queue[0] === waiting) queueMicrotask(start);
    });
  }

  /** Everything that the page holds or waits for is free: it is no more. */
  die(): void {
    for (const queue of this.#queues.values())
      for (const waiting of queue.filter(({ page }) => page === this)) this.#leave(queue, waiting);
  }

  #leave(queue: Waiting[], waiting: Waiting): void {
    const index = queue.indexOf(waiting);
    if (index < 0) return;
    queue.splice(index, 1);
    if (index === 0) queue[0]?.start();
  }
}
