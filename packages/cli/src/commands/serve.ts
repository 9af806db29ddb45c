import { command } from "../command.ts";
import { SOURCE_FORMS } from "../document-from.ts";
import { count, durationMs } from "../quantity.ts";
import type { ServeCommandOptions } from "../serve/run-serve.ts";

export const serve = command<ServeCommandOptions>({
  name: "serve",
  summary: "serve a TypeScript module, or a schema with made-up values",
  about: [
    "Serves what a module exports: handlers made by implement(service, functions), or a service and an object with a function for each of its methods, such as `export const handlers = { … }`. The first (a default export before others) is served on the root connection, further ones on virtual connections under their names. With --schema the functions can be those of a Rust trait or a schema.",
    "With --mock every method of a schema answers with plausible values, the same for the same seed and arguments: streams send a few items, streams in are read to their end. Ctrl-C lets calls under way finish, then ends.",
  ].join("\n\n"),
  args: [{ form: "[file]", about: "a .ts or .js module", complete: "files" }],
  options: [
    {
      flags: "--on <url>",
      about: "address to serve on; port 0 takes a free one",
      default: "tcp://127.0.0.1:4400",
      complete: "url",
    },
    {
      flags: "--mock <source>",
      about: `make up the answers of a schema: ${SOURCE_FORMS}`,
      complete: "files",
    },
    {
      flags: "--seed <number>",
      about: "decides the made-up values",
      default: 1,
      parse: count(0),
      complete: "nothing",
    },
    {
      flags: "--items <count>",
      about: "made-up items on each stream",
      default: 3,
      parse: count(0),
      complete: "nothing",
    },
    {
      flags: "--every <time>",
      about: "time between made-up items, as 200ms",
      default: 0,
      defaultText: "none",
      parse: durationMs,
      complete: "nothing",
    },
    { flags: "--schema <source>", about: "services that the module has functions for", complete: "files" },
    {
      flags: "--types <file>",
      about: "types of foreign crates, for a schema from Rust sources",
      complete: "files",
    },
    {
      flags: "--service <name>",
      about: "which service is served on the root connection",
      complete: "nothing",
    },
    { flags: "--cert <file>", about: "certificate for tls:, as PEM", complete: "files" },
    { flags: "--key <file>", about: "its private key, as PEM", complete: "files" },
    {
      flags: "--client-ca <file>",
      about: "only clients with a certificate of these authorities, as PEM",
      complete: "files",
    },
    {
      flags: "--introspection <when>",
      about: "tell who asks what is served, for roam ls and call; auto: on this machine only",
      default: "auto",
      choices: ["auto", "on", "off"],
    },
    { flags: "-v, --verbose", about: "tell of each call on standard error", default: false },
  ],
  examples: [
    { command: "roam serve src/billing.ts", about: "a module, on the default address" },
    {
      command: "roam serve --mock ../billing --on ws://127.0.0.1:4401",
      about: "something to write a page against",
    },
    {
      command: 'roam call "stdio:roam serve src/billing.ts --on stdio:" Billing.lookup 7',
      about: "without a port",
    },
  ],
  async run({ args: [file], options }, io) {
    const { runServe } = await import("../serve/run-serve.ts");
    return runServe(file, options, io);
  },
});
