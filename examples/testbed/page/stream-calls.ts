import type { Tx } from "roam";
import { Card, type Running } from "./card.ts";
import { integerOf, textOf } from "./dom.ts";
import type { Uplink } from "./uplink.ts";

/** How often a stream in progress is shown (ms). */
const PRINT_MS = 100;

/** The cards whose calls carry streams. */
export function startStreamCards(uplink: Uplink): void {
  startSum(uplink);
  startGenerate(uplink);
  startTransform(uplink);
}

function startSum(uplink: Uplink): void {
  let sent: bigint[] = [];
  sendingCard<number>("sum", {
    item: (form) => Number(integerOf(form, "number")),
    async call({ signal, print }, onOpen) {
      sent = [];
      const call = uplink.services.testbed.sum({}, { signal });
      // Cancelling a call leaves its channels alone: this one ends with the scope.
      await using numbers = call.numbers;
      onOpen(numbers, (number) => {
        sent.push(BigInt(number));
        print(sent.join(" + "), `${sent.length} sent, the handler waits for more`);
      });
      return await call;
    },
  });
}

function startTransform(uplink: Uplink): void {
  sendingCard<string>("transform", {
    item: (form) => textOf(form, "text"),
    async call({ signal, print }, onOpen) {
      const lines: string[] = [];
      const call = uplink.services.testbed.transform({}, { signal });
      await using input = call.input;
      onOpen(input, () => {});
      for await (const text of call.output) {
        lines.push(text);
        print(lines.join("\n"), `${lines.length} came back`);
      }
      await call;
      return lines;
    },
  });
}

/** A card that opens a call with its first item, sends on with the next, and can finish. */
function sendingCard<T>(
  id: string,
  options: {
    item(form: HTMLFormElement): T;
    call(running: Running, onOpen: (tx: Tx<T>, onSent: (item: T) => void) => void): Promise<unknown>;
  },
): void {
  let open: { readonly tx: Tx<T>; readonly onSent: (item: T) => void } | undefined;
  const card: Card = new Card(id, () => {
    const item = options.item(card.form);
    if (open !== undefined) return void send(open, item);
    void card
      .run((running) =>
        options.call(running, (tx, onSent) => {
          open = { tx, onSent };
          card.button("finish").disabled = false;
          void send(open, item);
        }),
      )
      .finally(() => {
        open = undefined;
        card.button("finish").disabled = true;
      });
  });
  const send = async (to: NonNullable<typeof open>, item: T) => {
    try {
      await to.tx.send(item);
      to.onSent(item);
    } catch (error) {
      // Why a call is over is told where it ends; this is about items that do not fit their type.
      if (open === to) card.fail(error);
    }
  };
  card.button("finish").addEventListener("click", () => void open?.tx.close());
}

function startGenerate(uplink: Uplink): void {
  let isLeaving = false;
  const receive = async ({ signal, print }: Running) => {
    const count = Number(integerOf(card.form, "count"));
    let received = 0;
    let printedMs = Number.NEGATIVE_INFINITY;
    const call = uplink.services.testbed.generate({ count }, { signal });
    for await (const item of call.output) {
      if (item !== received++) throw new Error(`item ${received} is ${item}`);
      if (isLeaving) return `left after ${received.toLocaleString("en")} items: the channel is reset`;
      if (performance.now() - printedMs < PRINT_MS) continue;
      printedMs = performance.now();
      print(`${received.toLocaleString("en")} of ${count.toLocaleString("en")} items`);
    }
    await call;
    return `${received.toLocaleString("en")} items, in order`;
  };
  const card: Card = new Card("generate", () => {
    isLeaving = false;
    card.button("leave").disabled = false;
    void card.run(receive, String).finally(() => {
      card.button("leave").disabled = true;
    });
  });
  card.button("leave").addEventListener("click", () => {
    isLeaving = true;
  });
}
