import { existsSync, readFileSync, statSync } from "node:fs";
import type { Report } from "../interop/case.ts";
import { Difference, expectEqual } from "../vectors/tally.ts";
import type { Place, TestbedPeer } from "./places.ts";
import { expectOutcome, roam, start } from "./program.ts";
import { Terminal } from "./terminal.ts";

const PLAIN = { NO_COLOR: "1" };
const IN = "tcp://127.0.0.1:0";

/** `bench`, `proxy`, `capture` and `replay`: in a terminal, with Ctrl-C, killed, against another build. */
export async function checkTraffic(
  { name, url }: TestbedPeer,
  schema: readonly string[],
  place: Place,
  report: Report,
): Promise<void> {
  const call = (at: string, ...args: string[]) => roam(["call", at, ...args, ...schema]);
  const between = (command: readonly string[]) => {
    const terminal = Terminal.roam([...command, ...schema], PLAIN);
    return { terminal, listening: terminal.seen(/listening on (\S+), for/) };
  };

  await report.check("bench draws a bar and tells rate, percentiles and a histogram", async () => {
    const terminal = Terminal.roam(["bench", url, "Testbed.echo", "there", "-d", "700ms", ...schema], PLAIN);
    await terminal.seen(/\[█* *\] +\d+% {2}[\d,]+ calls?, [\d,]+\/s/);
    await terminal.seen(/Testbed\.echo: [\d,]+ calls in \d\.\d\d s, 16 at a time/);
    await terminal.seen(/p50 \S+ \S+ .*p99 [\s\S]*≤ +\S+ \S+ █/);
    expectEqual("exit", await terminal.exited(), 0);
  });

  await report.check("Ctrl-C ends a benchmark, and what was measured is told", async () => {
    const terminal = Terminal.roam(["bench", url, "Testbed.echo", "there", "-d", "60s", ...schema], PLAIN);
    await terminal.seen(/ [1-9][\d,]* calls, /);
    terminal.ctrlC();
    await terminal.seen(/Testbed\.echo: [\d,]+ calls in/);
    expectEqual("exit", await terminal.exited(), 130);
  });

  await report.check("proxy prints what passes, and Ctrl-C ends it", async () => {
    const { terminal, listening } = between(["proxy", IN, url]);
    const [, near = ""] = await listening;
    const secret = ["--secret", "token=hush"];
    expectOutcome(await call(near, "Testbed.echo", "there", ...secret), { exit: 0, out: '"there"\n' });
    await terminal.seen(/> call 1 Testbed\.echo \{"message":"there"\} \[token=\(sensitive\)\]/);
    await terminal.seen(/< answer 1 Testbed\.echo "there" [\d.]+ ms/);
    expectOutcome(await call(near, "Testbed.divide", "1", "0"), { exit: 3 });
    await terminal.seen(/< error 1 Testbed\.divide "DivisionByZero"/);
    terminal.ctrlC();
    expectEqual("exit", await terminal.exited(), 130);
    if (terminal.text.includes("hush")) throw new Difference("a sensitive value was shown");
  });

  const file = place.path(`${name}.jsonl`);
  await report.check(
    "capture writes calls, streams and errors down; Ctrl-C leaves a whole file",
    async () => {
      const { terminal, listening } = between(["capture", IN, url, "--to", file]);
      const [, near = ""] = await listening;
      await visit((...args) => call(near, ...args), near, schema);
      terminal.ctrlC();
      expectEqual("exit", await terminal.exited(), 130);
      const text = readFileSync(file, "utf8");
      expectEqual("end", text.at(-1), "\n");
      for (const line of text.trimEnd().split("\n")) JSON.parse(line);
    },
  );

  await report.check("replay finds no difference in the same peer", async () => {
    expectOutcome(await roam(["replay", file, url]), {
      exit: 0,
      out: /^\d calls of 4 sessions in [\d.]+ s, \d answers and \d+ items compared: no difference\n$/,
    });
  });

  await report.check("replay tells what another build answers otherwise, with exit 1", async () => {
    const other = Terminal.roam(["serve", "--mock", place.path("testbed.json"), "--on", IN], PLAIN);
    const [, there = ""] = await other.seen(/serving Testbed on (\S+)\r\n/);
    expectOutcome(await roam(["replay", file, there, "--timeout", "500ms"]), {
      exit: 1,
      out: /Testbed\.echo: answer \(line \d+, session 1\)\n {2}- value: "there"\n {2}\+ value: /,
    });
    other.ctrlC();
    await other.exited();
  });

  await report.check("what was captured until the process was killed can be replayed", async () => {
    const killed = place.path(`${name}-killed.jsonl`);
    const process = start(["capture", IN, url, "--to", killed, ...schema]);
    const [, near = ""] = await process.seen(/listening on (\S+), for/);
    expectOutcome(await call(near, "Testbed.echo", "there"), { exit: 0 });
    process.kill("SIGKILL");
    await process.done();
    if (!existsSync(killed) || statSync(killed).size === 0) throw new Difference("nothing was written");
    expectOutcome(await roam(["replay", killed, url]), { exit: 0, out: /no difference\n$/ });
  });
}

/** A call of each kind, in a session of its own. */
async function visit(
  call: (...args: string[]) => ReturnType<typeof roam>,
  near: string,
  schema: readonly string[],
): Promise<void> {
  expectOutcome(await call("Testbed.echo", "there"), { exit: 0 });
  expectOutcome(await call("Testbed.divide", "1", "0"), { exit: 3 });
  expectOutcome(await call("Testbed.generate", "40"), { exit: 0 });
  const numbers = Array.from({ length: 40 }, (_, index) => `${index}\n`).join("");
  expectOutcome(await roam(["call", near, "Testbed.sum", ...schema], { stdin: numbers }), {
    exit: 0,
    out: "780\n",
  });
}
