import { command } from "../command.ts";
import { count } from "../quantity.ts";
import { BETWEEN_OPTIONS } from "../traffic/between-options.ts";
import type { CaptureCommandOptions } from "../traffic/run-capture.ts";

export const capture = command<CaptureCommandOptions>({
  name: "capture",
  summary: "record the sessions between two peers, for roam replay",
  about: [
    "Listens on <in>, passes each session on to <out> as `roam proxy` does, and writes every message with its payload to a file of JSON lines (docs/capture-format.md). The first line says what the file is and has the schema, if one is known: the far side is asked for it, or --schema says it.",
    "Ctrl-C ends the capture; the file has whole lines however it ends. Values of metadata marked SENSITIVE are left out; payloads are not looked into, so the file is readable by you only.",
  ].join("\n\n"),
  args: [
    { form: "<in>", about: "address to listen on; port 0 takes a free one", complete: "url" },
    { form: "<out>", about: "URL of the peer that is meant", complete: "url" },
  ],
  options: [
    { flags: "--to <file>", about: "where to write", complete: "files" },
    { flags: "--force", about: "overwrite the file if it is there", default: false },
    {
      flags: "--sessions <count>",
      about: "end after so many sessions",
      parse: count(),
      complete: "nothing",
    },
    ...BETWEEN_OPTIONS,
  ],
  examples: [
    {
      command: "roam capture tcp://127.0.0.1:4401 tcp://127.0.0.1:4400 --to session.jsonl",
      about: "point the client at port 4401, then Ctrl-C",
    },
    {
      command: "roam capture tcp://127.0.0.1:4401 tcp://127.0.0.1:4400 --to one.jsonl --sessions 1",
      about: "one session, then done",
    },
    {
      command: "roam capture ws://127.0.0.1:4401 unix:/run/billing.sock --schema ../billing --to page.jsonl",
      about: "what a page says to a Rust service; the file has the schema",
    },
  ],
  async run({ args, options }, io) {
    const { runCapture } = await import("../traffic/run-capture.ts");
    return runCapture(args, options, io);
  },
});
