import { fail, serve } from "roam";
import { Hello } from "./hello.ts";

const server = await serve(process.argv[2] ?? "tcp://127.0.0.1:4400", Hello, {
  greet: ({ name }) => (name === "" ? fail("NoName") : `Hello, ${name}!`),
  async count({ from, numbers }) {
    for (let number = from; number > 0; number--) await numbers.send(number);
  },
});
console.log(`serving on ${server.address}`);
// No new calls; those in flight are finished, their clients told.
process.once("SIGTERM", () => void server.drain({ timeoutMs: 5_000 }));
