import { randomUUID } from "node:crypto";
import { closeSync, ftruncateSync, openSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getSystemErrorName } from "node:util";
import koffi from "koffi";
import { RoamError } from "../errors.ts";
import type { Credentials, MappedFile, Native, Received } from "./native.ts";

/** Numbers that differ between platforms, and how a `msghdr` and a `cmsghdr` lie in memory (bytes). */
interface Platform {
  readonly EAGAIN: number;
  readonly MAP_ANONYMOUS: number;
  readonly SOL_SOCKET: number;
  readonly MSG_DONTWAIT: number;
  readonly MSG_NOSIGNAL: number;
  readonly MSG_CTRUNC: number;
  /** At `recvmsg`: what comes is not inherited. */
  readonly MSG_CMSG_CLOEXEC: number;
  /** `socketpair` sets close-on-exec and non-blocking by these. */
  readonly SOCK_FLAGS: number;
  readonly O_NONBLOCK: number;
  readonly messageBytes: number;
  readonly controlLengthAt: number;
  readonly controlHeaderBytes: number;
  readonly controlAlignment: number;
  /** Lengths in headers are u64, not u32. */
  readonly hasLongLengths: boolean;
}

const PLATFORMS: Readonly<Record<string, Platform>> = {
  linux: {
    EAGAIN: 11,
    MAP_ANONYMOUS: 0x20,
    SOL_SOCKET: 1,
    MSG_DONTWAIT: 0x40,
    MSG_NOSIGNAL: 0x4000,
    MSG_CTRUNC: 0x8,
    MSG_CMSG_CLOEXEC: 0x4000_0000,
    SOCK_FLAGS: 0o2_004_000,
    O_NONBLOCK: 0o4_000,
    messageBytes: 56,
    controlLengthAt: 40,
    controlHeaderBytes: 16,
    controlAlignment: 8,
    hasLongLengths: true,
  },
  darwin: {
    EAGAIN: 35,
    MAP_ANONYMOUS: 0x1000,
    SOL_SOCKET: 0xffff,
    MSG_DONTWAIT: 0x80,
    MSG_NOSIGNAL: 0x8_0000,
    MSG_CTRUNC: 0x20,
    MSG_CMSG_CLOEXEC: 0,
    SOCK_FLAGS: 0,
    O_NONBLOCK: 0x4,
    messageBytes: 48,
    controlLengthAt: 40,
    controlHeaderBytes: 12,
    controlAlignment: 4,
    hasLongLengths: false,
  },
};

const AF_UNIX = 1;
const SOCKET_KINDS = { stream: 1, datagram: 2 } as const;
const SCM_RIGHTS = 1;
const SO_PEERCRED = 17;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
const MAP_FIXED = 0x10;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;
const F_SETFD = 2;
const F_SETFL = 4;
const FD_CLOEXEC = 1;
const MFD_CLOEXEC = 1;
const DESCRIPTOR_BYTES = 4;

/**
 * The native functions, from the C library that the runtime itself is linked to.
 *
 * @throws RoamError `shm-unavailable` on a platform that is not known here
 */
export function koffiNative(): Native {
  const platform = PLATFORMS[process.platform];
  const hasLongPointers = ["x64", "arm64", "ppc64", "riscv64", "loong64"].includes(process.arch);
  if (platform === undefined || !hasLongPointers) {
    throw new RoamError("shm-unavailable", `no shared memory on ${process.platform}, ${process.arch}`);
  }
  return new KoffiNative(platform);
}

class KoffiNative implements Native {
  readonly #platform: Platform;
  readonly #mmap: (
    at: bigint,
    length: number,
    protection: number,
    flags: number,
    fd: number,
    offset: number,
  ) => bigint;
  readonly #munmap: (at: bigint, length: number) => number;
  readonly #socketpair: (family: number, kind: number, protocol: number, pair: Int32Array) => number;
  readonly #send: (fd: number, bytes: Uint8Array, length: number, flags: number) => number;
  readonly #sendmsg: (fd: number, message: Uint8Array, flags: number) => number;
  readonly #recvmsg: (fd: number, message: Uint8Array, flags: number) => number;
  readonly #dup: (fd: number) => number;
  readonly #fcntl: (fd: number, command: number, ...argument: unknown[]) => number;
  readonly #getsockopt: (
    fd: number,
    level: number,
    name: number,
    value: Uint32Array,
    length: Uint32Array,
  ) => number;
  readonly #getpeereid: ((fd: number, uid: Uint32Array, gid: Uint32Array) => number) | undefined;
  readonly #memfd: ((name: string, flags: number) => number) | undefined;
  // Nobody can reach the memory any more: now its addresses may be used for something else.
  readonly #unmapped: FinalizationRegistry<{ readonly at: bigint; readonly length: number }>;

  /** What a call was given the addresses of. */
  protected inCall: readonly Uint8Array[] | undefined;

  constructor(platform: Platform) {
    this.#platform = platform;
    const libc = koffi.load(null);
    this.#mmap = libc.func("uint64_t mmap(uint64_t, size_t, int, int, int, intptr_t)") as never;
    this.#munmap = libc.func("int munmap(uint64_t, size_t)") as never;
    this.#socketpair = libc.func("int socketpair(int, int, int, int *)") as never;
    this.#send = libc.func("intptr_t send(int, uint8_t *, size_t, int)") as never;
    this.#sendmsg = libc.func("intptr_t sendmsg(int, uint8_t *, int)") as never;
    this.#recvmsg = libc.func("intptr_t recvmsg(int, uint8_t *, int)") as never;
    this.#dup = libc.func("int dup(int)") as never;
    this.#fcntl = libc.func("int fcntl(int, int, ...)") as never;
    this.#getsockopt = libc.func("int getsockopt(int, int, int, uint32_t *, uint32_t *)") as never;
    this.#getpeereid =
      process.platform === "darwin"
        ? (libc.func("int getpeereid(int, uint32_t *, uint32_t *)") as never)
        : undefined;
    this.#memfd =
      process.platform === "linux"
        ? (libc.func("int memfd_create(const char *, unsigned int)") as never)
        : undefined;
    this.#unmapped = new FinalizationRegistry(({ at, length }) => this.#munmap(at, length));
  }

  map(descriptor: number, length: number): MappedFile {
    const at = this.#mmap(0n, length, PROT_READ_WRITE, MAP_SHARED, descriptor, 0);
    if (BigInt(at) === MAP_FAILED) this.#fail("mmap");
    const address = BigInt(at);
    const buffer = koffi.view(address, length);
    this.#unmapped.register(buffer, { at: address, length });
    let isReleased = false;
    return {
      buffer,
      release: () => {
        if (isReleased) return;
        isReleased = true;
        // Not unmapped, for views may live on, and what they touch would end the process.
        const flags = MAP_PRIVATE | MAP_FIXED | this.#platform.MAP_ANONYMOUS;
        this.#mmap(address, length, PROT_READ_WRITE, flags, -1, 0);
      },
    };
  }

  anonymousFile(length: number): number {
    const descriptor = this.#memfd?.("roam", MFD_CLOEXEC) ?? openUnlinked();
    if (descriptor < 0) this.#fail("memfd_create");
    ftruncateSync(descriptor, length);
    return descriptor;
  }

  socketPair(kind: "stream" | "datagram"): readonly [number, number] {
    const { SOCK_FLAGS, O_NONBLOCK } = this.#platform;
    const pair = new Int32Array(2);
    if (this.#socketpair(AF_UNIX, SOCKET_KINDS[kind] | SOCK_FLAGS, 0, pair) < 0) this.#fail("socketpair");
    const [here, there] = pair as unknown as [number, number];
    if (SOCK_FLAGS === 0) {
      for (const fd of [here, there]) {
        this.#closeOnExec(fd);
        this.#fcntl(fd, F_SETFL, "int", O_NONBLOCK);
      }
    }
    return [here, there];
  }

  duplicate(descriptor: number): number {
    const copy = this.#dup(descriptor);
    if (copy < 0) this.#fail("dup");
    this.#closeOnExec(copy);
    return copy;
  }

  #closeOnExec(descriptor: number): void {
    this.#fcntl(descriptor, F_SETFD, "int", FD_CLOEXEC);
  }

  close(descriptor: number): void {
    closeSync(descriptor);
  }

  send(descriptor: number, bytes: Uint8Array, descriptors: readonly number[] = []): boolean {
    const { MSG_DONTWAIT, MSG_NOSIGNAL, EAGAIN } = this.#platform;
    const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    let sent: number;
    if (descriptors.length === 0) sent = this.#send(descriptor, bytes, bytes.length, flags);
    else {
      const control = this.#control(descriptors.length);
      const { controlHeaderBytes, SOL_SOCKET } = this.#platform;
      this.#setLength(control, 0, controlHeaderBytes + DESCRIPTOR_BYTES * descriptors.length);
      const view = new DataView(control.buffer);
      view.setInt32(controlHeaderBytes - 8, SOL_SOCKET, true);
      view.setInt32(controlHeaderBytes - 4, SCM_RIGHTS, true);
      for (const [index, one] of descriptors.entries()) {
        view.setInt32(controlHeaderBytes + DESCRIPTOR_BYTES * index, one, true);
      }
      sent = this.#sendmsg(descriptor, this.#message(bytes, control), flags);
      this.inCall = undefined;
    }
    if (sent >= 0) return true;
    if (koffi.errno() === EAGAIN) return false;
    return this.#fail("send");
  }

  receive(
    descriptor: number,
    most: { readonly bytes: number; readonly descriptors: number },
  ): Received | undefined {
    const { MSG_DONTWAIT, MSG_CMSG_CLOEXEC, MSG_CTRUNC, EAGAIN } = this.#platform;
    const bytes = new Uint8Array(most.bytes);
    const control = this.#control(most.descriptors);
    const message = this.#message(bytes, control);
    const received = this.#recvmsg(descriptor, message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    this.inCall = undefined;
    if (received < 0) {
      if (koffi.errno() === EAGAIN) return undefined;
      this.#fail("recvmsg");
    }
    const flags = new DataView(message.buffer).getInt32(this.#platform.messageBytes - 8, true);
    const descriptors = this.#descriptorsIn(control, this.#length(message, this.#platform.controlLengthAt));
    if (MSG_CMSG_CLOEXEC === 0) for (const one of descriptors) this.#closeOnExec(one);
    return { bytes: bytes.subarray(0, received), descriptors, isCut: (flags & MSG_CTRUNC) !== 0 };
  }

  /** All that were passed, in however many headers. */
  #descriptorsIn(control: Uint8Array, length: number): number[] {
    const { controlHeaderBytes, SOL_SOCKET } = this.#platform;
    const view = new DataView(control.buffer);
    const descriptors: number[] = [];
    for (let at = 0; at + controlHeaderBytes <= length; ) {
      const bytes = this.#length(control, at);
      if (bytes < controlHeaderBytes) break;
      const isRights =
        view.getInt32(at + controlHeaderBytes - 8, true) === SOL_SOCKET &&
        view.getInt32(at + controlHeaderBytes - 4, true) === SCM_RIGHTS;
      const end = Math.min(at + bytes, length);
      for (
        let one = at + controlHeaderBytes;
        isRights && one + DESCRIPTOR_BYTES <= end;
        one += DESCRIPTOR_BYTES
      ) {
        descriptors.push(view.getInt32(one, true));
      }
      at += this.#aligned(bytes);
    }
    return descriptors;
  }

  credentials(descriptor: number): Credentials {
    if (this.#getpeereid !== undefined) {
      const [uid, gid] = [new Uint32Array(1), new Uint32Array(1)];
      if (this.#getpeereid(descriptor, uid, gid) < 0) this.#fail("getpeereid");
      return { uid: uid[0] as number, gid: gid[0] as number, pid: undefined };
    }
    const found = new Uint32Array(3);
    const length = Uint32Array.of(found.byteLength);
    if (this.#getsockopt(descriptor, this.#platform.SOL_SOCKET, SO_PEERCRED, found, length) < 0) {
      this.#fail("getsockopt");
    }
    const [pid, uid, gid] = found as unknown as [number, number, number];
    return { uid, gid, pid };
  }

  #aligned(bytes: number): number {
    const { controlAlignment } = this.#platform;
    return Math.ceil(bytes / controlAlignment) * controlAlignment;
  }

  #control(descriptors: number): Uint8Array {
    return new Uint8Array(this.#aligned(this.#platform.controlHeaderBytes + DESCRIPTOR_BYTES * descriptors));
  }

  /** A `msghdr` with one `iovec`. What they point to is kept until the call has returned. */
  #message(bytes: Uint8Array, control: Uint8Array): Uint8Array {
    const vector = new Uint8Array(16);
    const vectorView = new DataView(vector.buffer);
    vectorView.setBigUint64(0, koffi.address(bytes), true);
    vectorView.setBigUint64(8, BigInt(bytes.length), true);
    const message = new Uint8Array(this.#platform.messageBytes);
    const view = new DataView(message.buffer);
    view.setBigUint64(16, koffi.address(vector), true);
    this.#setLength(message, 24, 1);
    view.setBigUint64(32, koffi.address(control), true);
    this.#setLength(message, this.#platform.controlLengthAt, control.length);
    this.inCall = [bytes, control, vector];
    return message;
  }

  #length(bytes: Uint8Array, at: number): number {
    const view = new DataView(bytes.buffer);
    return this.#platform.hasLongLengths ? Number(view.getBigUint64(at, true)) : view.getUint32(at, true);
  }

  #setLength(bytes: Uint8Array, at: number, length: number): void {
    const view = new DataView(bytes.buffer);
    if (this.#platform.hasLongLengths) view.setBigUint64(at, BigInt(length), true);
    else view.setUint32(at, length, true);
  }

  #fail(call: string): never {
    const errno = koffi.errno();
    const name = getSystemErrorName(-errno);
    throw new RoamError("io", `${call} failed: ${name}`, {
      cause: Object.assign(new Error(`${call}: ${name}`), { code: name, errno: -errno, syscall: call }),
    });
  }
}

function openUnlinked(): number {
  const path = join(tmpdir(), `roam-${randomUUID()}`);
  const descriptor = openSync(path, "wx+", 0o600);
  unlinkSync(path);
  return descriptor;
}
