/**
 * Structured logs: a pino logger is what `logger` takes, and `logSessions` writes a line for each event of a
 * session. Prints lines of JSON.
 */
import { pino } from "pino";
import { connect, logSessions, method, serve, service, t } from "roam";

const Greeter = service("Greeter", { greet: method({ name: t.string }, t.string) });

const logger = pino({ base: null });
const server = await serve(
  "tcp://127.0.0.1:0",
  Greeter,
  {
    greet({ name }) {
      if (name === "") throw new Error("nobody to greet");
      return `hello ${name}`;
    },
  },
  { logger, onSession: logSessions(logger) },
);
const client = await connect(server.address, Greeter, { logger: logger.child({ side: "client" }) });
await client.greet({ name: "Ada" });
// What a handler throws is for its owner's log alone: the caller learns that the call was cancelled.
await client.greet({ name: "" }).catch(({ code }) => logger.info({ code }, "told to the caller"));
await client.$.close();
await server.close();
