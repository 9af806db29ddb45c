import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { LinkReceiver } from "roam/link";
import { childLink } from "roam/stdio";

const ECHO = fileURLToPath(new URL("fixtures/stdio-echo.ts", import.meta.url));

function child() {
  const args = ["--conditions=roam-source", "--import", "tsx", ECHO];
  return spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
}

// r[verify transport.stream.kinds]
suite("link over standard input and output", () => {
  test("a child answers, gets our end, finishes its answers and exits", async () => {
    const echo = child();
    const exited = once(echo, "exit");
    const link = childLink(echo);
    const receiver = new LinkReceiver(link.rx);
    const payloads = [0, 1, 100, 70_000, 500_000, 3].map((length, index) =>
      new Uint8Array(length).fill(index + 1),
    );
    for (const payload of payloads) {
      (await link.tx.reserve()).write(payload, (writer, bytes) => writer.raw(bytes));
    }
    // Our end is closed before the answers are read: they come all the same.
    await link.tx.close();
    for (const payload of payloads) assert.deepEqual(await receiver.recv(), payload);
    assert.equal(await receiver.recv(), null);
    assert.deepEqual(await exited, [0, null]);
  });

  // r[verify link.rx.eof]
  test("a child that is killed is the end of the stream", async () => {
    const echo = child();
    const exited = once(echo, "exit");
    const link = childLink(echo);
    const receiver = new LinkReceiver(link.rx);
    (await link.tx.reserve()).write(7, (writer, value) => writer.u8(value));
    assert.deepEqual(await receiver.recv(), Uint8Array.of(7));
    echo.kill("SIGKILL");
    assert.equal(await receiver.recv(), null);
    assert.deepEqual(await exited, [null, "SIGKILL"]);
    link.destroy();
  });
});
