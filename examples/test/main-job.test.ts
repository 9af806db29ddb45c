import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { suite, test } from "node:test";
import { connect, RoamError } from "roam";
import { Monitor } from "../testbed/monitor.ts";
import { Testbed } from "../testbed/testbed.ts";
import { MainJob } from "./main-job.ts";

const PAGE = /Now you: (\S+)/;
const TCP = /tcp +(tcp:\S+)/;

/** Numbers in a row of the table: the times over each link. */
function timesIn(output: string, call: string): string[] {
  const row = output.split("\n").find((line) => line.startsWith(call)) ?? "";
  return row.match(/ \d+\.\d\d\b/g) ?? [];
}

suite("the main job", () => {
  test("--once makes every call over every link and leaves", async () => {
    await using job = new MainJob(["--once"]);
    assert.equal(await job.exit, 0, job.output + job.errors);
    assert.equal(job.errors, "");
    const rows = [
      "connect",
      "echo(",
      "divide(1, 0)",
      "sum(1 to",
      "generate(1,000) ",
      "transform(",
      "sum(1, ...",
    ];
    for (const call of [...rows, "Monitor.watch"]) {
      assert.equal(timesIn(job.output, call).length, 3, `${call}\n${job.output}`);
    }
    assert.doesNotMatch(job.output, /FAILED/);
    const lines = job.output.split("\n");
    const header = lines.findIndex((line) => line.startsWith("call "));
    const widths = new Set(lines.slice(header, header + 15).map((line) => line.length));
    assert.equal(widths.size, 1, `rows end in one column\n${job.output}`);
  });

  for (const { name, args, says } of [
    { name: "an unknown option", args: ["--udp", "1"], says: /^testbed: Unknown option '--udp'.*\n$/ },
    { name: "a stray word", args: ["fast"], says: /^testbed: Unexpected argument 'fast'.*\n$/ },
    { name: "a port too high", args: ["--ws", "65536"], says: /^testbed: --ws: "65536" is not a port.*\n$/ },
    {
      name: "a host without a port",
      args: ["--tcp", "localhost:"],
      says: /^testbed: --tcp: "" is not a port.*\n$/,
    },
  ]) {
    test(`${name} is told in one line, status 2`, async () => {
      await using job = new MainJob([...args, "--once"]);
      assert.equal(await job.exit, 2);
      assert.match(job.errors, says);
      assert.equal(job.output, "");
    });
  }

  for (const option of ["--tcp", "--ws"]) {
    test(`a taken port for ${option} is told in one line, status 2`, async () => {
      const taken = createServer().listen(0, "127.0.0.1");
      await once(taken, "listening");
      const { port } = taken.address() as AddressInfo;
      await using job = new MainJob([option, String(port)]);
      assert.equal(await job.exit, 2);
      assert.equal(job.errors, `testbed: cannot listen on 127.0.0.1:${port}: the address is in use\n`);
      await new Promise((done) => void taken.close(done));
    });
  }

  test("Ctrl-C lets a call in flight finish, then ends with 0", async () => {
    await using job = new MainJob();
    await job.line(PAGE);
    const testbed = await connect(await job.line(TCP), Testbed);
    const call = testbed.sum();
    await call.numbers.send(40);
    // Answered behind the items sent before: the call is being served by now.
    await testbed.echo({ message: "" });
    job.kill("SIGINT");
    await job.line(/Stopping: 1 call may finish first/);
    await call.numbers.send(2);
    await call.numbers.close();
    assert.equal(await call, 42n);
    assert.equal(await job.exit, 0, job.errors);
    assert.match(job.output, /Stopped\.\n$/);
    assert.equal((await testbed.$.session.ended).code, "closed");
  });

  test("Ctrl-C ends streams of load by itself", async () => {
    await using job = new MainJob();
    await job.line(PAGE);
    const testbed = await connect(await job.line(TCP), Testbed);
    const monitor = await testbed.$.open(Monitor);
    const call = monitor.watch({ interval_ms: 50 });
    await call.samples.next();
    job.kill("SIGINT");
    for await (const _sample of call.samples);
    assert.equal(await call, undefined);
    assert.equal(await job.exit, 0, job.errors);
  });

  test("a second Ctrl-C leaves at once, in one line", async () => {
    await using job = new MainJob();
    await job.line(PAGE);
    // A stable conduit would look for the server for a minute.
    const testbed = await connect(await job.line(TCP), Testbed, { conduit: "bare" });
    const call = testbed.sum();
    await call.numbers.send(1);
    await testbed.echo({ message: "" });
    job.kill("SIGINT");
    await job.line(/Stopping: 1 call/);
    job.kill("SIGINT");
    assert.equal(await job.exit, 130);
    assert.equal(job.errors, "testbed: interrupted again, leaving at once\n");
    await assert.rejects(call, RoamError);
    await testbed.$.session.ended;
  });

  test("pages of other sites get neither the page nor a session", async () => {
    await using job = new MainJob();
    const { host, port } = new URL(await job.line(PAGE));
    const upgrade = { connection: "upgrade", upgrade: "websocket", "sec-websocket-version": "13" };
    const key = { "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==" };
    for (const { headers, status } of [
      { headers: { host }, status: 200 },
      { headers: { host: `evil.example:${port}` }, status: 404 },
      { headers: { host, origin: "http://evil.example", ...upgrade, ...key }, status: 403 },
      { headers: { host: `evil.example:${port}`, ...upgrade, ...key }, status: 403 },
    ]) {
      const call = request({ host: "127.0.0.1", port, headers, agent: false }).end();
      const [response] = await once(call, "response");
      assert.equal(response.statusCode, status, JSON.stringify(headers));
      response.resume();
    }
    job.kill("SIGTERM");
    assert.equal(await job.exit, 0, job.errors);
  });
});
