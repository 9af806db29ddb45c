import { command } from "../command.ts";
import { BETWEEN_OPTIONS } from "../traffic/between-options.ts";
import type { ProxyCommandOptions } from "../traffic/run-proxy.ts";

export const proxy = command<ProxyCommandOptions>({
  name: "proxy",
  summary: "stand between two peers and print what they say, a line for each message",
  about: [
    "Listens on <in> and passes each session on to <out>, whole: calls, channels, virtual connections. No schema is needed to pass things on; with one, arguments, answers and items are shown as JSON. The far side is asked for it, or --schema says it.",
    "Lines are: seconds, #session (and /connection if it is not the root), > from the one who dialled or < to it, the message with its id, metadata in brackets. Values of metadata marked SENSITIVE are never shown; arguments are, whatever is in them. With --json each line is an object. Metadata marked NO_PROPAGATE does not go on.",
  ].join("\n\n"),
  args: [
    { form: "<in>", about: "address to listen on; port 0 takes a free one", complete: "url" },
    { form: "<out>", about: "URL of the peer that is meant", complete: "url" },
  ],
  options: [
    { flags: "--full", about: "long values, too", default: false },
    { flags: "--all", about: "keepalive, too", default: false },
    ...BETWEEN_OPTIONS,
  ],
  examples: [
    {
      command: "roam proxy tcp://127.0.0.1:4401 tcp://127.0.0.1:4400",
      about: "point the client at port 4401 and look on",
    },
    {
      command: "roam proxy ws://127.0.0.1:4402 unix:/run/billing.sock --schema ../billing",
      about: "let a page talk to a Rust service on a local socket",
    },
    {
      command: `roam proxy tcp://127.0.0.1:0 tcp://127.0.0.1:4400 --json | jq 'select(.message == "RequestCall")'`,
      about: "calls only, for a program",
    },
  ],
  async run({ args, options }, io) {
    const { runProxy } = await import("../traffic/run-proxy.ts");
    return runProxy(args, options, io);
  },
});
