import { compile, type Infer, t } from "roam-postcard";
import type { Conduit, ConduitPermit, ConduitRx, ConduitTx, MessageFamily } from "../conduit/conduit.ts";
import { claim, claimBytes, claimEqual, within } from "./claims.ts";
import { pattern } from "./link-case.ts";

/** What the conduit cases send. */
export const ItemSchema = t.struct("Item", { id: t.u32, text: t.string, blob: t.bytes });
export type Item = Infer<typeof ItemSchema>;

const { encode, decode } = compile(ItemSchema);
const filler = (id: number): Item => ({ id, text: "", blob: new Uint8Array() });

/** The family of conduits under test; the cases never send what it uses as fillers. */
export const itemFamily: MessageFamily<Item> = {
  schema: ItemSchema,
  encode,
  decode,
  fillers: { ack: filler(0xffff_fffe), close: filler(0xffff_ffff) },
};

export interface ConduitTraits {
  /** After the close of one direction the other goes on. Over a WebSocket both close. */
  readonly isHalfOpen: boolean;
}

/** Two conduits of `itemFamily` that are connected to each other, fresh for each case. */
export type MakeConduitPair = () =>
  | Promise<readonly [Conduit<Item>, Conduit<Item>]>
  | readonly [Conduit<Item>, Conduit<Item>];

/** One promise of the conduit contract, as data. */
export interface ConduitCase {
  readonly name: string;
  readonly rules: readonly string[];
  readonly needs?: keyof ConduitTraits;
  run(makePair: MakeConduitPair): Promise<void>;
}

/** Both conduits, with their halves. */
export interface Ends {
  readonly here: Conduit<Item>;
  readonly there: Conduit<Item>;
  readonly tx: ConduitTx<Item>;
  readonly rx: ConduitRx<Item>;
  readonly farTx: ConduitTx<Item>;
  readonly farRx: ConduitRx<Item>;
}

const CASE_TIMEOUT_MS = 10_000;

export function conduitCase(
  name: string,
  rules: readonly string[],
  body: (ends: Ends) => Promise<void>,
  needs?: keyof ConduitTraits,
): ConduitCase {
  const run = async (makePair: MakeConduitPair) => {
    const [here, there] = await makePair();
    try {
      const near = here.split();
      const far = there.split();
      const ends = { here, there, tx: near.tx, rx: near.rx, farTx: far.tx, farRx: far.rx };
      await within(body(ends), name, CASE_TIMEOUT_MS);
    } finally {
      here.destroy();
      there.destroy();
    }
  };
  return needs === undefined ? { name, rules, run } : { name, rules, needs, run };
}

export function item(id: number, blobBytes = id % 50): Item {
  return { id, text: `item ${id} ✓`, blob: pattern(blobBytes, id) };
}

export async function sendItem(tx: ConduitTx<Item>, value: Item): Promise<void> {
  (tx.tryReserve() ?? (await tx.reserve())).send(value);
}

export async function sendItems(tx: ConduitTx<Item>, values: readonly Item[]): Promise<void> {
  for (const value of values) await sendItem(tx, value);
}

export async function claimItems(rx: ConduitRx<Item>, values: readonly Item[]): Promise<void> {
  for (const value of values) {
    const received = await rx.recv();
    claim(received !== null, `expected item ${value.id}, got the end`);
    claimItem(received.value, value);
    received.release();
  }
}

export function claimItem(received: Item, sent: Item): void {
  claimEqual(received.id, sent.id, "id");
  claimEqual(received.text, sent.text, `text of item ${sent.id}`);
  claimBytes(received.blob, sent.blob, `blob of item ${sent.id}`);
}

export async function claimClosed(rx: ConduitRx<Item>): Promise<void> {
  for (let time = 0; time < 3; time++) claimEqual(await rx.recv(), null, "the end, again and again");
}

/** Takes all permits that can be had without a wait. */
export function takeAll(tx: ConduitTx<Item>): ConduitPermit<Item>[] {
  const permits: ConduitPermit<Item>[] = [];
  for (;;) {
    const permit = tx.tryReserve();
    if (permit === undefined) return permits;
    permits.push(permit);
    claim(permits.length < 1_000_000, "permits are not bounded");
  }
}
