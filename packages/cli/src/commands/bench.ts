import { command } from "../command.ts";
import { SOURCE_FORMS } from "../document-from.ts";
import { PEER_OPTIONS } from "../peer.ts";
import { count, durationMs } from "../quantity.ts";
import type { BenchCommandOptions } from "../traffic/bench/run-bench.ts";

export const bench = command<BenchCommandOptions>({
  name: "bench",
  summary: "make a call again and again, and tell rate and latencies",
  about: [
    "Makes the same call for a time, or so many times, with some in flight at a time: each is followed by the next as soon as it is answered. Tells the rate, percentiles and a histogram of the time from call to answer; for streams to the end of the last item. Arguments are given as to `roam call`; items of streams in as an array.",
    "The call is tried once before. Calls that fail are counted apart, and the exit is 1 then. This side runs in one process on one core: where it is busy all the time, the result says so, and the peer could do more.",
  ].join("\n\n"),
  args: [
    { form: "<url>", about: "of the peer", complete: "url" },
    { form: "<method>", about: "Service.method, in any case of its words", complete: "method" },
    { form: "[args...]", about: "JSON, values or flags", complete: "nothing" },
  ],
  options: [
    {
      flags: "-c, --concurrency <count>",
      about: "calls in flight at a time, over all sessions",
      default: 16,
      parse: count(),
      complete: "nothing",
    },
    {
      flags: "--connections <count>",
      about: "sessions to share the calls among",
      default: 1,
      parse: count(),
      complete: "nothing",
    },
    {
      flags: "-d, --duration <time>",
      about: "how long, as 10s (default 5s, unless --count says how many)",
      parse: durationMs,
      complete: "nothing",
    },
    { flags: "-n, --count <count>", about: "how many calls", parse: count(), complete: "nothing" },
    {
      flags: "--warmup <time>",
      about: "calls beforehand that do not count",
      default: 0,
      parse: durationMs,
      complete: "nothing",
    },
    {
      flags: "--timeout <time>",
      about: "deadline of each call; later ones have failed",
      parse: durationMs,
      complete: "nothing",
    },
    {
      flags: "--schema <source>",
      about: `what the peer serves, where it does not tell: ${SOURCE_FORMS}`,
      complete: "files",
    },
    {
      flags: "--types <file>",
      about: "types of foreign crates, for a schema from Rust sources",
      complete: "files",
    },
    { flags: "--virtual", about: "on a virtual connection opened under the service's name", default: false },
    ...PEER_OPTIONS,
  ],
  takesAnyOption: true,
  examples: [
    {
      command: "roam bench tcp://127.0.0.1:4400 Billing.lookup --id 7",
      about: "for five seconds, 16 at a time",
    },
    {
      command: "roam bench tcp://127.0.0.1:4400 Billing.lookup 7 -c 1 -n 1000",
      about: "a thousand calls, one after another",
    },
    {
      command: "roam bench tcp://127.0.0.1:4400 Billing.sum '[[1, 2, 3]]' -d 10s --json",
      about: "a stream in, for a program",
    },
  ],
  async run({ args, options }, io) {
    const { runBench } = await import("../traffic/bench/run-bench.ts");
    return runBench(args, options, io);
  },
});
