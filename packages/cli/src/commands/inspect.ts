import { command } from "../command.ts";
import type { InspectOptions } from "../inspect/run-inspect.ts";
import { PEER_OPTIONS } from "../peer.ts";
import { count, durationMs, share } from "../quantity.ts";

export const inspect = command<InspectOptions>({
  name: "inspect",
  summary: "show the sessions of a peer, or of a file, on a page of this machine",
  about: [
    "Prints the address of a page that shows a trace: sessions and connections, calls and items over time, rates, latencies, credit and what is kept for replay, cuts and resumes, who waits for whom. The trace is that of a peer with introspection as it happens, or a file: one that was traced (docs/trace-format.md), or made by roam capture.",
    "The page is served on 127.0.0.1 only, and gives the trace to who has the token at the address's end. Payloads are told only with --payload, and only if the peer allows it. Cutting links and pausing readers is for peers with introspection in development mode.",
  ].join("\n\n"),
  args: [{ form: "<source>", about: "URL of a peer, a trace, or a capture", complete: "files" }],
  options: [
    {
      flags: "--port <number>",
      about: "of the page; 0 takes a free one",
      default: 0,
      parse: count(0),
      complete: "nothing",
    },
    { flags: "--open", about: "open the page in the browser", default: false },
    { flags: "--out <file>", about: "write the trace of a peer to a file, too", complete: "files" },
    { flags: "--force", about: "overwrite that file if it is there", default: false },
    {
      flags: "--sample <share>",
      about: "share of the calls that are told, from 0 to 1",
      default: 1,
      parse: share,
      complete: "nothing",
    },
    {
      flags: "--sample-time <time>",
      about: "between two looks at what is queued and what waits",
      default: 250,
      defaultText: "250ms",
      parse: durationMs,
      complete: "nothing",
    },
    {
      flags: "--payload <bytes>",
      about: "payloads of up to so many bytes are told; 0: none",
      default: 0,
      parse: count(0),
      complete: "nothing",
    },
    ...PEER_OPTIONS,
  ],
  examples: [
    { command: "roam inspect tcp://127.0.0.1:4400", about: "what goes on at a peer, as it happens" },
    {
      command: "roam inspect tcp://127.0.0.1:4400 --payload 4096 --out session.trace",
      about: "with arguments and answers, and kept",
    },
    { command: "roam inspect session.jsonl", about: "a file, of a trace or of roam capture" },
  ],
  async run({ args: [source = ""], options }, io) {
    const { runInspect } = await import("../inspect/run-inspect.ts");
    return runInspect(source, options, io);
  },
});
