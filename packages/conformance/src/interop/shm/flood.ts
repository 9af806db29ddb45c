import type { Link } from "roam/link";
import { Difference } from "../../vectors/tally.ts";

/** Numbered payloads in both directions at once, as the Rust peer's `--flood` makes and checks them. */
export interface Flood {
  readonly count: number;
  readonly bytes: number;
  /** Of several sizes, from below the inline threshold to a slot. */
  readonly isMixed: boolean;
}

/** The arguments for the Rust peer. */
export function floodArgs({ count, bytes, isMixed }: Flood): readonly string[] {
  return ["--flood", `${count}`, "--flood-bytes", `${bytes}`, ...(isMixed ? ["--flood-mix"] : [])];
}

function bytesOf({ bytes, isMixed }: Flood, number: number): number {
  return Math.max(4, isMixed ? ([4, bytes, 300, 5000][number % 4] as number) : bytes);
}

/**
 * Sends and receives on a link until both are done.
 *
 * @throws Difference for the first payload that is not what it should be
 */
export async function flood(link: Link, terms: Flood): Promise<void> {
  const received = receiveAll(link, terms);
  await Promise.all([sendAll(link, terms), received]);
  await link.tx.close();
}

async function sendAll({ tx }: Link, terms: Flood): Promise<void> {
  for (let number = 0; number < terms.count; number++) {
    const length = bytesOf(terms, number);
    const payload = new Uint8Array(length).fill(number);
    new DataView(payload.buffer).setUint32(0, number, true);
    if (tx.tryWrite(payload, (writer, bytes) => writer.raw(bytes))) continue;
    const permit = await tx.reserve();
    permit.write(payload, (writer, bytes) => writer.raw(bytes));
  }
}

function receiveAll({ rx }: Link, terms: Flood): Promise<void> {
  return new Promise((resolve, reject) => {
    let number = 0;
    rx.start(
      (payload) => {
        const bytes = payload.whole();
        const length = bytesOf(terms, number);
        const got = bytes.length < 4 ? -1 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
        const isWhole = bytes.length === length && (length === 4 || bytes[length - 1] === (number & 0xff));
        if (got !== number || !isWhole) {
          reject(new Difference(`payload ${number} of ${length} bytes is ${got}, of ${bytes.length} bytes`));
        }
        number++;
        if (number === terms.count) resolve();
      },
      (cause) => reject(cause ?? new Difference(`the link ended after ${number} of ${terms.count} payloads`)),
    );
  });
}
