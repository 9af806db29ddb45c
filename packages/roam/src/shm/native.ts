import { asError, RoamError } from "../errors.ts";

/** A file's bytes in this process's memory. */
export interface MappedFile {
  readonly buffer: ArrayBuffer;
  /**
   * Lets the file go. The addresses stay until nobody refers to the buffer any more: whoever still reads there finds
   * zeros.
   */
  release(): void;
}

/** What came with bytes by a local socket. */
export interface Received {
  readonly bytes: Uint8Array;
  /** The receiver's to close. */
  readonly descriptors: readonly number[];
  /** More came with it than there was room for, and is lost. */
  readonly isCut: boolean;
}

/** Who has the other end of a local socket. */
export interface Credentials {
  readonly uid: number;
  readonly gid: number;
  /** Undefined where the platform does not tell. */
  readonly pid: number | undefined;
}

/** What the operating system does for shared memory, and no JavaScript runtime offers. */
export interface Native {
  /** The whole of a file, shared with whoever else maps it. */
  map(descriptor: number, length: number): MappedFile;
  /** A file without a name, of so many zeros. */
  anonymousFile(length: number): number;
  /** Two sockets that are linked to each other; neither is inherited by programs. */
  socketPair(kind: "stream" | "datagram"): readonly [number, number];
  duplicate(descriptor: number): number;
  close(descriptor: number): void;
  /** @returns false if it would have to wait */
  send(descriptor: number, bytes: Uint8Array, descriptors?: readonly number[]): boolean;
  /** @returns undefined if nothing is there yet; no bytes at the end */
  receive(
    descriptor: number,
    most: { readonly bytes: number; readonly descriptors: number },
  ): Received | undefined;
  credentials(descriptor: number): Credentials;
}

let loading: Promise<Native> | undefined;

/**
 * The native functions, by the package `koffi`.
 *
 * @throws RoamError `shm-unavailable` where it is not installed, or the platform is none of its
 */
export function loadNative(): Promise<Native> {
  loading ??= import("./native-koffi.ts").then(({ koffiNative }) => koffiNative());
  return loading.catch((cause: unknown) => {
    if (cause instanceof RoamError) throw cause;
    throw new RoamError(
      "shm-unavailable",
      `shared memory needs the package koffi, which does not load: ${asError(cause).message}`,
      { cause },
    );
  });
}

/** Whether shared memory can be had here. */
export async function available(): Promise<boolean> {
  try {
    await loadNative();
    return true;
  } catch {
    return false;
  }
}
