import { closeSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { threadId } from "node:worker_threads";
import { type Reader, Writer } from "roam-postcard";
import { ProtocolError } from "../../../../roam/src/errors.ts";
import {
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
} from "../../../../roam/src/shm/bootstrap-frames.ts";
import { FileMappings } from "../../../../roam/src/shm/file-mappings.ts";
import { Inbound } from "../../../../roam/src/shm/inbound.ts";
import { Memory } from "../../../../roam/src/shm/memory.ts";
import type { Native } from "../../../../roam/src/shm/native.ts";
import { Outbound } from "../../../../roam/src/shm/outbound.ts";
import { ringStride } from "../../../../roam/src/shm/ring.ts";
import { Segment, type SegmentOptions, segmentBytes } from "../../../../roam/src/shm/segment.ts";
import type { Lends } from "../../../../roam/src/shm/shm-link-rx.ts";
import { poolBytes } from "../../../../roam/src/shm/slot-pool.ts";
import { Broken, type FuzzTarget } from "../fuzz-target.ts";
import { expectBytes } from "../same-result.ts";

const LAYOUT: SegmentOptions = {
  maxPayloadBytes: 4_096,
  inlineThreshold: 64,
  maxGuests: 2,
  ringCapacity: 512,
  classes: [
    { slotBytes: 132, slots: 3 },
    { slotBytes: 1_028, slots: 2 },
  ],
};
const SEGMENT_BYTES = segmentBytes(LAYOUT);
/** Behind the header and two peers. */
const RINGS_AT = 128 + 2 * 64;
const PRISTINE = pristine();
/** A file behind every mapping that is told of (bytes). */
const MAPPED_BYTES = 4_096;
const MAPPED_FILE = join(tmpdir(), `roam-fuzz-mapping-${process.pid}-${threadId}`);
let hasFile = false;

/** Two guests attached, and something under way in each direction of both. */
function pristine(): Uint8Array {
  const memory = new Memory(new ArrayBuffer(SEGMENT_BYTES));
  const segment = Segment.create(memory, LAYOUT);
  for (const id of [segment.takePlace(), segment.takePlace()]) {
    const { toHost, toGuest } = segment.rings(id);
    for (const [ring, owner] of [
      [toHost, id],
      [toGuest, 0],
    ] as const) {
      const out = new Outbound(segment, ring, { owner, mappings: undefined });
      for (const length of [5, 100]) place(out, length);
    }
  }
  return memory.bytes.slice();
}

function place(out: Outbound, length: number): void {
  const writer = new Writer();
  writer.raw(new Uint8Array(length).fill(length));
  out.add(length);
  out.takeFrom(writer);
  out.flush();
}

/** Refusals with a rule are results; anything else thrown is a finding. */
function refusable(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
  }
}

const NONE: Native = {
  map: () => unexpected(),
  anonymousFile: () => unexpected(),
  socketPair: () => unexpected(),
  duplicate: () => unexpected(),
  close: () => {},
  send: () => false,
  receive: () => undefined,
  credentials: () => unexpected(),
};

function unexpected(): never {
  throw new Broken("nothing of this is asked of the system");
}

/**
 * Memory that somebody else writes to between any two steps of ours. Its bytes are pairs of a step and what it is
 * done with; what one guest's link does must not reach the rings of the other.
 */
function inMemory(input: Uint8Array): void {
  const memory = new Memory(new ArrayBuffer(SEGMENT_BYTES));
  memory.bytes.set(PRISTINE);
  refusable(() => steps(memory, Segment.attach(memory), input));
}

const LENDS: readonly Lends[] = ["nothing", "bytes", "payloads"];

function steps(memory: Memory, segment: Segment, input: Uint8Array): void {
  const { toHost, toGuest } = segment.rings(1);
  const other = segment.rings(2).toHost.dataAt;
  const out = new Outbound(segment, toGuest, { owner: 0, mappings: undefined });
  const incoming = new Inbound(segment, toHost, { mappings: undefined, onFreed: () => {} });
  const taken: Reader[] = [];
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  for (let at = 0; at + 7 <= input.length; at += 7) {
    const value = view.getUint32(at + 3, true);
    const before = memory.bytes.slice(other, other + LAYOUT.ringCapacity);
    let isOurs = true;
    switch ((input[at] as number) % 8) {
      case 0:
        refusable(() => void incoming.take((payload) => taken.push(payload), LENDS[value % 3] as Lends));
        break;
      case 1:
        refusable(() => place(out, value % 1_400));
        break;
      case 2:
        refusable(() => void segment.pool.allocate(value % 1_400, 1));
        break;
      case 3:
        refusable(() => segment.recover(1));
        isOurs = false;
        break;
      case 4:
        refusable(() => void Segment.attach(memory));
        break;
      default:
        memory.store(placeOf(input[at] as number, view.getUint16(at + 1, true)), value);
        isOurs = false;
    }
    if (isOurs)
      expectBytes("the other guest's ring", memory.bytes.slice(other, other + before.length), before);
  }
  for (const payload of taken) {
    if (payload.remaining > LAYOUT.ringCapacity + 1_028)
      throw new Broken(`${payload.remaining} bytes were taken`);
  }
}

const POOL_AT = SEGMENT_BYTES - poolBytes(LAYOUT.classes);
/** Of the indexes of the first guest's rings: write, watermark, capacity and read, of one and of the other. */
const INDEXES = [0, 4, 8, 64].flatMap((at) => [
  RINGS_AT + at,
  RINGS_AT + ringStride(LAYOUT.ringCapacity) + at,
]);

/** Where somebody else writes: the indexes of rings, the slots and their lists, anywhere. */
function placeOf(step: number, at: number): number {
  if (step % 8 === 5) return INDEXES[at % INDEXES.length] as number;
  if (step % 8 === 6) return POOL_AT + ((at * 4) % (SEGMENT_BYTES - POOL_AT));
  return (at * 4) % SEGMENT_BYTES;
}

/** A header, and the table of peers, of a segment that somebody else has made. */
function header(input: Uint8Array): void {
  const memory = new Memory(new ArrayBuffer(SEGMENT_BYTES));
  memory.bytes.set(PRISTINE);
  memory.bytes.set(input.subarray(0, 256));
  refusable(() => {
    const segment = Segment.attach(memory);
    for (let id = 1; id <= segment.maxGuests; id++) segment.rings(id);
    if (segment.maxGuests >= 2) steps(memory, segment, input.subarray(256));
  });
}

/** Control messages, each 18 bytes: what is told, how many descriptors come with it, whether more are lost. */
function control(input: Uint8Array): void {
  if (!hasFile) {
    hasFile = true;
    writeFileSync(MAPPED_FILE, new Uint8Array(MAPPED_BYTES));
    process.once("exit", () => rmSync(MAPPED_FILE, { force: true }));
  }
  const open = new Set<number>();
  let at = 0;
  const mappings = new FileMappings(
    {
      ...NONE,
      close: (descriptor) => {
        if (!open.delete(descriptor) && descriptor >= 0)
          throw new Broken(`closed ${descriptor}, which is not open`);
        if (descriptor >= 0) closeSync(descriptor);
      },
      receive: () => {
        if (at + 18 > input.length) return undefined;
        const [count = 0, cut = 0] = input.subarray(at, at + 2);
        const bytes = input.slice(at + 2, at + 18 - (cut % 3 === 1 ? 1 : 0));
        at += 18;
        const descriptors = Array.from({ length: count % 4 }, () => openSync(MAPPED_FILE, "r"));
        for (const descriptor of descriptors) open.add(descriptor);
        return { bytes, descriptors, isCut: cut % 5 === 4 };
      },
    },
    { sendTo: -1, receiveFrom: -1, leastBytes: 100, mostBytes: 2_000 },
  );
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const field = (index: number) => view.getUint32((index * 4) % Math.max(1, input.length - 4), true);
  refusable(() => {
    for (let index = 0; index < 8 && input.length > 8; index++) {
      const offset = (BigInt(field(index + 2) % 3) << 32n) | BigInt(field(index + 3));
      mappings.read({
        mapping: field(index) & 3,
        generation: field(index + 1) & 1,
        offset,
        length: field(index + 4) % 3_000,
      });
    }
  });
  mappings.close();
  if (open.size > 0) throw new Broken(`${open.size} descriptors are left open`);
}

/** Requests and responses: what is accepted is what would be sent. */
function bootstrap(input: Uint8Array): void {
  refusable(() => {
    const sid = decodeRequest(input);
    if (sid !== undefined) expectBytes("a request", encodeRequest(sid), input);
  });
  refusable(() => {
    const response = decodeResponse(input);
    if (response !== undefined) expectBytes("a response", encodeResponse(response), input);
  });
}

const KINDS = [inMemory, header, control, bootstrap] as const;

function run(input: Uint8Array): void {
  const kind = KINDS[(input[0] ?? 0) % KINDS.length] as (typeof KINDS)[number];
  kind(input.subarray(1));
}

const of = (kind: number, hex: string) =>
  new Uint8Array([kind, ...Buffer.from(hex.replaceAll(" ", ""), "hex")]);

/** Entries and headers of shared memory, control messages, bootstrap frames. */
export const target: FuzzTarget = {
  run,
  measure: run,
  seeds: () => [
    // Taken, placed, allocated, recovered, attached again; something stored in between.
    of(
      0,
      "00 0000 00000000 01 0000 05000000 00 0000 01000000 01 0000 c8000000 03 0000 00000000 04 0000 00000000",
    ),
    of(0, "05 0000 20000000 00 0000 00000000 02 0000 64000000 06 0200 ffffff00 02 0000 64000000"),
    of(0, "07 6000 10000000 07 6100 00000500 05 0000 40000000 00 0000 00000000 05 0400 80000000"),
    new Uint8Array([1, ...PRISTINE.subarray(0, 256), 0, 0, 0, 0, 0, 0, 0]),
    of(2, "01 00 00000000 00000000 0010000000000000 01 00 01000000 00000000 0010000000000000"),
    of(3, "52 53 48 30 03 00 61 62 63"),
    of(3, "52 53 50 30 00 01 00 00 00 02 00 6F 6B"),
    of(3, "52 53 50 30 01 00 00 00 00 02 00 6E 6F"),
  ],
  maxBytes: 400,
  dictionary: [
    "10000000000005 00",
    "0800000000000000",
    "14000000010000000100000003000000 07000000",
    "2000000002000000020000000000000000100000000000007011010000000000",
    "ffffffff",
    "00000080",
    "00020000",
    "40000000",
  ].map((hex) => new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"))),
};
