import { type ClientOf, clientOn, type Handler, implement } from "roam";
import { Ledger } from "../sim/ledger.ts";
import { ItemChecker, ItemMaker, Soak } from "../soak/soak-service.ts";
import { expectEqual } from "../vectors/tally.ts";
import type { TestbedClient } from "./services.ts";

// What one round does.
const LANES = 4;
const CALLS_PER_LANE = 15;
const PUSHED = 80;
const PULLED = 80;
const ECHOED = 60;
/** Of a pushed or pulled item: several go into one segment, and yet a link takes a while over them. */
export const ITEM_BYTES = 500;

/** What came of numbered sequences, all of them together. */
export class CutTally {
  calls = 0;
  items = 0;
  lost = 0;
  doubled = 0;
  outOfOrder = 0;
  damaged = 0;

  take({ items, doubled, outOfOrder }: Ledger, sent: number, damaged = 0): void {
    this.items += items;
    this.lost += sent - items;
    this.doubled += doubled;
    this.outOfOrder += outOfOrder;
    this.damaged += damaged;
  }

  /** @throws Difference if something did not come as it was sent */
  check(): void {
    const { lost, doubled, outOfOrder, damaged } = this;
    expectEqual(
      "faults",
      { lost, doubled, outOfOrder, damaged },
      { lost: 0, doubled: 0, outOfOrder: 0, damaged: 0 },
    );
  }

  toString(): string {
    const { calls, items, lost, doubled, outOfOrder } = this;
    return `${calls > 0 ? `calls ${calls}, ` : ""}items ${items}, lost ${lost}, doubled ${doubled}, out of order ${outOfOrder}`;
  }
}

type SoakClient = ClientOf<typeof Soak>;

/** Calls, streams either way, and a stream both ways, all at the same time. */
export async function workRound(client: TestbedClient, tally: CutTally): Promise<void> {
  const { session } = client.$;
  await using soak = clientOn(session, session.root, Soak);
  const lanes = Array.from({ length: LANES }, (_, lane) => callInLine(client, lane, tally));
  await Promise.all([...lanes, push(soak, tally), pull(soak, tally), echo(client, tally)]);
}

async function callInLine(client: TestbedClient, lane: number, tally: CutTally): Promise<void> {
  for (let number = 0; number < CALLS_PER_LANE; number++) {
    const message = `call ${number} of lane ${lane}`;
    expectEqual("answer", await client.echo({ message }), message);
    tally.calls++;
  }
}

// The Rust peer stops at the first item that is not the next one, whatever is wrong with it.
async function push(soak: SoakClient, tally: CutTally): Promise<void> {
  const maker = new ItemMaker(ITEM_BYTES);
  const call = soak.push();
  for (let sent = 0; sent < PUSHED; sent++) await call.items.send(maker.next());
  await call.items.close();
  const came = await call;
  tally.items += came;
  tally.lost += PUSHED - came;
}

async function pull(soak: SoakClient, tally: CutTally): Promise<void> {
  const checker = new ItemChecker(ITEM_BYTES);
  const call = soak.pull({ count: PULLED, bytes: ITEM_BYTES });
  for await (const item of call.out) checker.take(item);
  await call;
  tally.take(checker.ledger, PULLED, checker.damaged);
}

async function echo(client: TestbedClient, tally: CutTally): Promise<void> {
  const ledger = new Ledger();
  const call = client.transform({ input: Array.from({ length: ECHOED }, (_, number) => `${number}`) });
  for await (const text of call.output) ledger.take(Number(text));
  await call;
  tally.take(ledger, ECHOED);
}

/** Serves Soak for the Rust peer's own streams. @param onPushed what came of one that was pushed to us */
export function soakHandler(onPushed: (checker: ItemChecker) => void): Handler {
  return implement(Soak, {
    async push({ items }) {
      const checker = new ItemChecker(ITEM_BYTES);
      try {
        for await (const item of items) checker.take(item);
      } finally {
        onPushed(checker);
      }
      return checker.ledger.items;
    },
    async pull({ count, bytes, out }) {
      const maker = new ItemMaker(bytes);
      for (let sent = 0; sent < count; sent++) await out.send(maker.next());
      await out.close();
    },
  });
}
