/** Callbacks: the server calls its clients back, on the sessions that they opened. */
import { type ClientOf, clientOn, connect, implement, method, serve, service, t } from "roam";

const Room = service("Room", { say: method({ name: t.string, text: t.string }) });
const Listener = service("Listener", { heard: method({ name: t.string, text: t.string }) });
const listeners = new Set<ClientOf<typeof Listener>>();

await using server = await serve(
  "tcp://127.0.0.1:0",
  Room,
  {
    async say(line) {
      await Promise.all([...listeners].map((listener) => listener.heard(line)));
    },
  },
  {
    calls: Listener,
    onSession(session) {
      const listener = clientOn(session, session.root, Listener);
      listeners.add(listener);
      void session.ended.then(() => listeners.delete(listener));
    },
  },
);

/** Somebody in the room: calls it, and is called by it. */
function enter(who: string) {
  const handler = implement(Listener, {
    heard: ({ name, text }) => console.log(`${who} hears ${name}: ${text}`),
  });
  return connect(server.address, Room, { handler });
}

await using ada = await enter("Ada");
await using bob = await enter("Bob");
await ada.say({ name: "Ada", text: "anybody here?" });
await bob.say({ name: "Bob", text: "sure" });
