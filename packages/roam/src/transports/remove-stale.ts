import { once } from "node:events";
import { lstat, unlink } from "node:fs/promises";
import { connect } from "node:net";

/** Removes a socket file that nobody listens on any more. */
export async function removeStale(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const socket = connect({ path });
  try {
    await once(socket, "connect");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Connecting to an ordinary file is refused as well, and that is not ours to remove.
    if (code === "ECONNREFUSED" && (await lstat(path)).isSocket()) await unlink(path);
  } finally {
    socket.destroy();
  }
}
