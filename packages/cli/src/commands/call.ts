import type { CallCommandOptions } from "../call/run-call.ts";
import { collect, command } from "../command.ts";
import { SOURCE_FORMS } from "../document-from.ts";
import { PEER_OPTIONS } from "../peer.ts";
import { count, durationMs } from "../quantity.ts";

export const call = command<CallCommandOptions>({
  name: "call",
  summary: "call a method, with its streams on standard input and output",
  about: [
    "Calls a method and writes its value as JSON. Arguments are one JSON object or array, or values in order, or flags (--name value, --point.x 1, a list by several of them); @file reads a file, - standard input, @@ begins a text with an @. After -- every option is the method's.",
    'What the handler receives (Rx) is given as JSON, one item a line, on standard input, in a @file, or as an array; what it sends (Tx) is written as JSON lines while it comes (an optional stream is asked for with true). Where more than one kind of thing can come, and with --json, each line says what it is: {"channel", "item"}, {"value"} or {"error"}. An error of the method\'s own type is written the same way, with exit 3.',
    'In JSON, integers above 2^53 may be texts, bytes are "base64:…", "hex:…", "utf8:…" or an array, enums are "Name" or {"tag": "Name", …}, maps are objects or arrays of pairs. Ctrl-C cancels the call on the wire.',
  ].join("\n\n"),
  args: [
    { form: "<url>", about: "of the peer", complete: "url" },
    { form: "<method>", about: "Service.method, in any case of its words", complete: "method" },
    { form: "[args...]", about: "JSON, values or flags", complete: "nothing" },
  ],
  options: [
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
    {
      flags: "--timeout <time>",
      about: "longest time for session and answer, as 500ms or 2s; then exit 124",
      parse: durationMs,
      complete: "nothing",
    },
    {
      flags: "--metadata <name=value>",
      about: "goes with the call; may be repeated",
      parse: collect,
      complete: "nothing",
    },
    {
      flags: "--secret <name=value>",
      about: "metadata that is marked SENSITIVE: nobody prints its value",
      parse: collect,
      complete: "nothing",
    },
    {
      flags: "--repeat <count>",
      about: "make the call so many times, one after another",
      default: 1,
      parse: count(),
      complete: "nothing",
    },
    { flags: "--virtual", about: "on a virtual connection opened under the service's name", default: false },
    {
      flags: "-v, --verbose",
      about: "tell of session, id, metadata and time on standard error",
      default: false,
    },
    ...PEER_OPTIONS,
  ],
  takesAnyOption: true,
  examples: [
    { command: "roam call tcp://127.0.0.1:4400 Billing.lookup --id 7", about: "arguments as flags" },
    { command: `roam call tcp://127.0.0.1:4400 Billing.lookup '{"id": 7}' --timeout 2s`, about: "as JSON" },
    { command: "seq 1 10 | roam call tcp://127.0.0.1:4400 Billing.sum", about: "items in" },
    {
      command: "roam call unix:/run/billing.sock Billing.watch --since 0 | jq .lines",
      about: "items out, while they come; Ctrl-C cancels the call",
    },
    {
      command: "roam call tcp://127.0.0.1:4500 Billing.lookup 7 --schema ../billing/src/lib.rs",
      about: "a Rust peer, its trait's source at hand",
    },
  ],
  async run({ args, options }, io) {
    const { runCall } = await import("../call/run-call.ts");
    return runCall(args, options, io);
  },
});
