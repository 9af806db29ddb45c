import { collect, command } from "../command.ts";
import { SOURCE_FORMS } from "../document-from.ts";
import { PEER_OPTIONS } from "../peer.ts";
import { durationMs } from "../quantity.ts";
import type { ReplayCommandOptions } from "../traffic/replay/run-replay.ts";

export const replay = command<ReplayCommandOptions>({
  name: "replay",
  summary: "make the calls of a capture again, to another build, and compare the answers",
  about: [
    "Plays the side that dialled: makes the calls of a capture, with the items of their channels, their cancellations and virtual connections, in their order and with as many in flight as then, and answers calls back with what was answered. Answers and items that come are compared with those of the capture; exit 1 if anything differs.",
    "With a schema (the capture's own, or --schema) it is told what differs in a value, the order of maps and sets does not count, and --ignore leaves fields out. Answers to calls that were cancelled are not compared. Sensitive metadata is not in a capture: --secret gives it.",
  ].join("\n\n"),
  args: [
    { form: "<file>", about: "made by roam capture", complete: "files" },
    { form: "<url>", about: "of the peer that is to be tried", complete: "url" },
  ],
  options: [
    {
      flags: "--timing <how>",
      about: "fast: as fast as answers come; original: calls at the times of the capture",
      default: "fast",
      choices: ["fast", "original"],
    },
    {
      flags: "--timeout <time>",
      about: "longest wait for what the capture has next",
      default: 5_000,
      defaultText: "5s",
      parse: durationMs,
      complete: "nothing",
    },
    {
      flags: "--ignore <field>",
      about: "name of a field that may differ, as a time; may be repeated",
      parse: collect,
      complete: "nothing",
    },
    {
      flags: "--secret <name=value>",
      about: "value of sensitive metadata, for every call that had it; may be repeated",
      parse: collect,
      complete: "nothing",
    },
    {
      flags: "--schema <source>",
      about: `what the payloads are, if not as the capture says: ${SOURCE_FORMS}`,
      complete: "files",
    },
    {
      flags: "--types <file>",
      about: "types of foreign crates, for a schema from Rust sources",
      complete: "files",
    },
    ...PEER_OPTIONS,
  ],
  examples: [
    {
      command: "roam replay session.jsonl tcp://127.0.0.1:4500",
      about: "does the new build answer the same?",
    },
    {
      command: "roam replay session.jsonl tcp://127.0.0.1:4500 --ignore created_at --secret token=sesame",
      about: "times may differ, and a token is needed",
    },
    {
      command: 'roam replay session.jsonl "stdio:./server --stdio" --timing original --json',
      about: "at the pace of the capture, for a program",
    },
  ],
  async run({ args, options }, io) {
    const { runReplay } = await import("../traffic/replay/run-replay.ts");
    return runReplay(args, options, io);
  },
});
