import assert from "node:assert/strict";
import { closeSync, fstatSync, ftruncateSync, openSync, readdirSync, readSync, writeSync } from "node:fs";

import { suite, test } from "node:test";
import { ProtocolError } from "roam";
import type { MappingRef } from "../../src/shm/entry.ts";
import { FileMappings } from "../../src/shm/file-mappings.ts";
import { loadNative } from "../../src/shm/native.ts";

const native = await loadNative();
const MIB = 1024 * 1024;
const LIMITS = { leastBytes: 1_000, mostBytes: 4 * MIB };

interface Ends {
  readonly ours: FileMappings;
  readonly theirs: FileMappings;
}

/** Runs with both ends of a control socket; no descriptor is left afterwards. */
function withEnds(run: (ends: Ends) => void): void {
  const before = openDescriptors();
  const [here, there] = native.socketPair("datagram");
  const end = (socket: number) =>
    new FileMappings(native, { sendTo: socket, receiveFrom: socket, ...LIMITS });
  const ends = { ours: end(here), theirs: end(there) };
  try {
    run(ends);
  } finally {
    ends.ours.close();
    ends.theirs.close();
  }
  // The runner may have closed some of its own.
  assert(openDescriptors() <= before, "descriptors are left");
}

/** Runs with a receiving end and the bare socket that it listens to. */
function withSocket(run: (theirs: FileMappings, socket: number) => void): void {
  const before = openDescriptors();
  const [here, there] = native.socketPair("datagram");
  const theirs = new FileMappings(native, { sendTo: there, receiveFrom: there, ...LIMITS });
  try {
    run(theirs, here);
  } finally {
    theirs.close();
    native.close(here);
  }
  // The runner may have closed some of its own.
  assert(openDescriptors() <= before, "descriptors are left");
}

function openDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

function filled(length: number, by: number): Uint8Array {
  return new Uint8Array(length).fill(by);
}

function place(mappings: FileMappings, payload: Uint8Array): MappingRef {
  const ref = mappings.place([payload.subarray(0, 10), payload.subarray(10)], payload.length);
  assert(ref !== undefined, "there is room on the control socket");
  return ref;
}

function attachMessage(mapping: number, generation: number, length: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(16));
  view.setUint32(0, mapping, true);
  view.setUint32(4, generation, true);
  view.setBigUint64(8, BigInt(length), true);
  return new Uint8Array(view.buffer);
}

function withFile(length: number, run: (descriptor: number) => void): void {
  const descriptor = native.anonymousFile(length);
  try {
    run(descriptor);
  } finally {
    native.close(descriptor);
  }
}

const refused = (rule: string) => (error: unknown) => error instanceof ProtocolError && error.rule === rule;

suite("FileMappings", { skip: process.platform !== "linux" && "descriptors are counted by /proc" }, () => {
  // r[verify shm.mmap]
  // r[verify shm.mmap.registry]
  // r[verify shm.mmap.attach]
  // r[verify zerocopy.backing.mmap]
  // r[verify zerocopy.recv.shm.mmap]
  test("payloads lie one behind the other in mappings of 1 MiB, and are read from there", () => {
    withEnds(({ ours, theirs }) => {
      const refs = [1, 2, 3].map((by) => place(ours, filled(400_000, by)));
      assert.deepEqual(
        refs.map(({ mapping, generation, offset, length }) => [mapping, generation, offset, length]),
        [
          [0, 0, 0n, 400_000],
          [0, 0, 400_000n, 400_000],
          [1, 0, 0n, 400_000],
        ],
      );
      for (const [index, ref] of refs.entries()) {
        assert.deepEqual(theirs.read(ref), filled(400_000, index + 1));
      }
    });
  });

  test("a payload that is larger has a mapping of its own", () => {
    withEnds(({ ours, theirs }) => {
      const ref = place(ours, filled(3 * MIB, 7));
      assert.deepEqual(theirs.read(ref), filled(3 * MIB, 7));
    });
  });

  // r[verify shm.mmap.attach.message]
  // r[verify shm.mmap.attach.unix]
  // r[verify shm.mmap.attach.once]
  // r[verify shm.mmap.ordering]
  test("each mapping is told of once, ahead of its payloads, by 16 bytes with one descriptor", () => {
    const [here, there] = native.socketPair("datagram");
    const ours = new FileMappings(native, { sendTo: here, receiveFrom: here, ...LIMITS });
    const receive = () => native.receive(there, { bytes: 64, descriptors: 4 });
    place(ours, filled(2_000, 1));
    place(ours, filled(2_000, 2));
    const told = receive();
    assert.deepEqual(told?.bytes, new Uint8Array(Buffer.from("00000000000000000000100000000000", "hex")));
    assert.equal(told?.descriptors.length, 1);
    assert.equal(receive(), undefined, "nothing is told twice");
    const [descriptor = -1] = told?.descriptors ?? [];
    assert.equal(fstatSync(descriptor).size, MIB);
    const payload = new Uint8Array(2_000);
    readSync(descriptor, payload, 0, 2_000, 2_000);
    assert.deepEqual(payload, filled(2_000, 2), "the second stands behind the first");
    for (const one of [descriptor, there]) native.close(one);
    ours.close();
  });

  // r[verify shm.mmap.reclaim]
  test("what was delivered is not written again, though it was read", () => {
    withEnds(({ ours, theirs }) => {
      const refs = Array.from({ length: 20 }, (_, by) => {
        const ref = place(ours, filled(100_000, by));
        theirs.read(ref);
        return `${ref.mapping} ${ref.offset}`;
      });
      assert.equal(new Set(refs).size, 20);
    });
  });

  // r[verify shm.mmap.release]
  test("a mapping that is used up is let go of on both sides", () => {
    withEnds(({ ours, theirs }) => {
      const before = openDescriptors();
      for (let by = 0; by < 50; by++) theirs.read(place(ours, filled(MIB - 500, by)));
      assert(openDescriptors() <= before + 1, "only the one that is being filled is open");
    });
  });

  // r[verify shm.mmap.crash-recovery]
  test("closing lets go of what was not read", () => {
    withEnds(({ ours, theirs }) => {
      const refs = [1, 2, 3].map((by) => place(ours, filled(700_000, by)));
      theirs.read(refs[2] as MappingRef);
    });
  });

  // r[verify shm.mmap.publish]
  test("a mapping that was not told of yet: nothing, and it is there later", () => {
    withSocket((theirs, socket) => {
      const ref = { mapping: 5, generation: 0, offset: 0n, length: 4 };
      assert.equal(theirs.read(ref), undefined);
      withFile(8, (descriptor) => {
        writeSync(descriptor, Uint8Array.of(1, 2, 3, 4), 0, 4, 0);
        native.send(socket, attachMessage(5, 0, 8), [descriptor]);
      });
      assert.deepEqual(theirs.read(ref), Uint8Array.of(1, 2, 3, 4));
    });
  });

  // r[verify shm.mmap.bounds]
  test("bytes beyond a mapping, or above the largest payload: refused", () => {
    withSocket((theirs, socket) => {
      withFile(8 * MIB, (descriptor) => native.send(socket, attachMessage(0, 0, 8 * MIB), [descriptor]));
      const read = (offset: bigint, length: number) => () =>
        theirs.read({ mapping: 0, generation: 0, offset, length });
      for (const [offset, length] of [
        [BigInt(8 * MIB), 1],
        [BigInt(8 * MIB - 4), 5],
        [2n ** 64n - 1n, 2],
        [0n, 4 * MIB + 1],
        [0n, 0xffff_ffff],
      ] as const) {
        assert.throws(read(offset, length), refused("shm.mmap.bounds"), `${length} at ${offset}`);
      }
      assert.equal(read(BigInt(8 * MIB - 4), 4)()?.length, 4);
    });
  });

  // r[verify shm.x.untrusted]
  test("a file that was cut off since: refused", () => {
    withSocket((theirs, socket) => {
      withFile(MIB, (descriptor) => {
        native.send(socket, attachMessage(0, 0, MIB), [descriptor]);
        theirs.read({ mapping: 0, generation: 0, offset: 0n, length: 10 });
        ftruncateSync(descriptor, 100);
      });
      const read = () => theirs.read({ mapping: 0, generation: 0, offset: 50n, length: 100 });
      assert.throws(read, refused("shm.mmap.bounds"));
    });
  });

  // r[verify shm.mmap.aba]
  test("a mapping that comes again needs a higher generation; the one before is no more", () => {
    withSocket((theirs, socket) => {
      const tell = (generation: number) =>
        withFile(MIB, (descriptor) => native.send(socket, attachMessage(3, generation, MIB), [descriptor]));
      const read = (generation: number) => theirs.read({ mapping: 3, generation, offset: 0n, length: 10 });
      tell(1);
      assert.equal(read(1)?.length, 10);
      assert.throws(() => read(0), refused("shm.mmap.aba"));
      tell(2);
      assert.equal(read(2)?.length, 10);
      assert.throws(() => read(1), refused("shm.mmap.aba"));
      tell(2);
      assert.throws(() => read(3), refused("shm.mmap.aba"));
    });
  });

  // r[verify shm.mmap.attach.protocol-error]
  for (const [what, bytes, count] of [
    ["a byte too few", 15, 1],
    ["a byte too many", 17, 1],
    ["no descriptor", 16, 0],
    ["two descriptors", 16, 2],
    ["more descriptors than there is room for", 16, 20],
  ] as const) {
    test(`a control message with ${what}: refused, and nothing is left open`, () => {
      withSocket((theirs, socket) => {
        withFile(MIB, (descriptor) => {
          native.send(
            socket,
            filled(bytes, 0),
            Array.from({ length: count }, () => descriptor),
          );
        });
        const read = () => theirs.read({ mapping: 0, generation: 0, offset: 0n, length: 1 });
        assert.throws(read, refused("shm.mmap.attach.protocol-error"));
      });
    });
  }

  test("a file shorter than told, or no file at all: refused", () => {
    withSocket((theirs, socket) => {
      const read = (mapping: number) => () => theirs.read({ mapping, generation: 0, offset: 0n, length: 1 });
      withFile(100, (descriptor) => native.send(socket, attachMessage(0, 0, 101), [descriptor]));
      assert.throws(read(0), refused("shm.mmap.attach.protocol-error"));
      const directory = openSync("/", "r");
      native.send(socket, attachMessage(1, 0, 1), [directory]);
      closeSync(directory);
      assert.throws(read(1), refused("shm.mmap.attach.protocol-error"));
    });
  });

  test("mappings that are never used up are bounded", () => {
    withSocket((theirs, socket) => {
      const fill = () => {
        for (let mapping = 0; mapping < 1_000; mapping++) {
          withFile(MIB, (descriptor) => native.send(socket, attachMessage(mapping, 0, MIB), [descriptor]));
          theirs.read({ mapping, generation: 0, offset: 0n, length: 1 });
        }
      };
      assert.throws(fill, refused("shm.mmap.registry"));
    });
  });

  test("a control socket that is full: nothing is placed, and later it is", () => {
    withEnds(({ ours, theirs }) => {
      const refs: MappingRef[] = [];
      for (;;) {
        const ref = ours.place([filled(MIB, refs.length)], MIB);
        if (ref === undefined) break;
        refs.push(ref);
      }
      for (const [by, ref] of refs.entries()) assert.equal(theirs.read(ref)?.[0], by & 0xff);
      assert.equal(theirs.read(place(ours, filled(MIB, 9)))?.[0], 9);
    });
  });
});
