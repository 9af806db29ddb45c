import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, afterEach, before, suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type ClientOf, connect } from "roam";
import { Hello } from "../hello.ts";

const EXAMPLES = fileURLToPath(new URL("../", import.meta.url));
const CUTS = 10;
/** Far more than a new worker takes to be ready. */
const RECONNECT_MS = 15_000;

suite("cluster: two processes behind one port", () => {
  let primary: ChildProcess;
  let address = "";
  /** Process ids by worker. */
  const workers: number[] = [];

  before(async () => {
    const args = ["--conditions=roam-source", "--import", "tsx", "cluster.ts", "0", "2"];
    primary = spawn(process.execPath, args, { cwd: EXAMPLES, stdio: ["ignore", "pipe", "inherit"] });
    const lines = createInterface({ input: primary.stdout as NodeJS.ReadableStream });
    await new Promise<void>((resolve, reject) => {
      primary.once("exit", (code) => reject(new Error(`the primary process ended with ${code}`)));
      lines.on("line", (line) => {
        const [, number, pid] = /^worker (\d) is process (\d+)$/.exec(line) ?? [];
        if (number !== undefined) workers[Number(number)] = Number(pid);
        address = /^serving on (\S+)$/.exec(line)?.[1] ?? address;
        if (address !== "") resolve();
      });
    });
  });

  after(async () => {
    if (primary.exitCode !== null) return;
    const ended = once(primary, "exit");
    primary.kill();
    await ended;
  });

  const opened: ClientOf<typeof Hello>[] = [];
  afterEach(() => Promise.all(opened.splice(0).map((client) => client.$.close())));

  async function open(conduit: "stable" | "bare" = "stable"): Promise<ClientOf<typeof Hello>> {
    const client = await connect(address, Hello, { conduit, reconnect: { totalMs: RECONNECT_MS } });
    opened.push(client);
    return client;
  }

  /** The worker that answers. */
  async function workerOf(client: ClientOf<typeof Hello>): Promise<number> {
    const answer = await client.greet({ name: "Ada" });
    const [, number] = /^Hello, Ada, from worker (\d)!$/.exec(answer) ?? [];
    assert(number !== undefined, answer);
    return Number(number);
  }

  for (const conduit of ["stable", "bare"] as const) {
    test(`${conduit} sessions are shared out`, async () => {
      const clients = await Promise.all(Array.from({ length: 8 }, () => open(conduit)));
      const answered = await Promise.all(clients.map(workerOf));
      assert.deepEqual(answered.toSorted(), [0, 0, 0, 0, 1, 1, 1, 1]);
    });
  }

  test("a session that lost its link finds its worker again, and its stream goes on", async () => {
    const clients = await Promise.all(Array.from({ length: 4 }, () => open()));
    await Promise.all(
      clients.map(async (client) => {
        const resumed: string[] = [];
        client.$.session.watch(({ kind }) => resumed.push(kind));
        const worker = await workerOf(client);
        let expected = 2_000;
        for await (const number of client.count({ from: expected }).numbers) {
          assert.equal(number, expected--);
          if (expected % (2_000 / CUTS) === 0) {
            client.$.session.dropLink("to see where it comes back");
            assert.equal(await workerOf(client), worker);
          }
        }
        assert.equal(expected, 0);
        assert.equal(resumed.filter((kind) => kind === "resumed").length, CUTS);
      }),
    );
  });

  test("a worker that dies takes its sessions along, and their clients are told; others live on", async () => {
    const clients = await Promise.all([open(), open()]);
    const [first, second] = await Promise.all(clients.map(workerOf));
    assert.notEqual(first, second);
    const [victim, survivor] = first === 0 ? clients : clients.toReversed();
    assert(victim !== undefined && survivor !== undefined);
    process.kill(workers[0] as number, "SIGKILL");
    assert.match(String(await victim.$.session.ended), /\[session-lost\]/);
    assert.equal(await workerOf(survivor), 1);
    // The one in its place serves new sessions.
    const fresh = await Promise.all([open(), open()]);
    assert.deepEqual((await Promise.all(fresh.map(workerOf))).toSorted(), [0, 1]);
  });
});
