import {
  type Client,
  type ConnectOptions,
  callBack,
  connect,
  fail,
  type HandlersOf,
  implement,
  method,
  type ServeOptions,
  type Server,
  serve,
  service,
  t,
} from "roam";
import { type Run, start } from "../commands/roam-command.ts";

export const Item = t.struct("Item", { id: t.u32, name: t.string, tags: t.map(t.string, t.u32), at: t.u64 });
export const Shop = service("Shop", {
  find: method({ id: t.u32 }, Item, t.enum("FindError", { NotFound: t.unit, Denied: t.unit })),
  sum: method({ numbers: t.rx(t.u32, 2) }, t.u64),
  list: method({ count: t.u32, out: t.tx(t.string, 2) }),
  shout: method({ input: t.rx(t.string, 2), output: t.tx(t.string, 2) }, t.u32),
  confirm: method({ text: t.string }, t.string),
  slow: method({}, t.string),
});
export const Audit = service("Audit", { entries: method({}, t.list(t.string)) });
export const Person = service("Person", { asked: method({ text: t.string }, t.string) });

const QUIET = { warn() {}, error() {} };

export type ShopHandlers = HandlersOf<typeof Shop>;

const handlers: ShopHandlers = {
  find({ id }) {
    if (id === 0) fail("NotFound");
    return {
      id,
      name: `item ${id}`,
      tags: new Map([
        ["red", 1],
        ["big", 2],
      ]),
      at: 5n,
    };
  },
  async sum({ numbers }) {
    let total = 0n;
    for await (const number of numbers) total += BigInt(number);
    return total;
  },
  async list({ count, out }) {
    for (let number = 0; number < count; number++) await out.send(`line ${number}`);
  },
  async shout({ input, output }) {
    let count = 0;
    for await (const text of input) {
      await output.send(text.toUpperCase());
      count++;
    }
    return count;
  },
  confirm: ({ text }, call) => callBack(call, Person).asked({ text }, { signal: call.signal }),
  slow: (_args, { signal }) =>
    new Promise((resolve) => signal.addEventListener("abort", () => resolve("given up"))),
};

/** A build of the shop on a free port; some of its functions may be others. */
export async function serveShop(
  changes: Partial<ShopHandlers> = {},
  options: ServeOptions = {},
): Promise<Server> {
  return serve(
    "tcp://127.0.0.1:0",
    Shop,
    { ...handlers, ...changes },
    {
      services: [implement(Audit, { entries: () => ["a", "b"] })],
      logger: QUIET,
      ...options,
    },
  );
}

export function connectShop(
  url: string,
  options: ConnectOptions = {},
): Promise<Client<(typeof Shop)["methods"]>> {
  const handler = implement(Person, { asked: ({ text }) => `yes, ${text}` });
  return connect(url, Shop, { handler, logger: QUIET, ...options });
}

/** A command that stands between two peers, and where it listens. */
export async function startBetween(argv: readonly string[]): Promise<Run & { readonly url: string }> {
  const run = start(argv);
  await Promise.race([
    run.seen("listening"),
    run.done.then(({ exit, err }) => {
      throw new Error(`ended with ${exit}: ${err}`);
    }),
  ]);
  const [url] = /tcp:\/\/127\.0\.0\.1:\d+/.exec(/listening.*/.exec(run.err() + run.out())?.[0] ?? "") ?? [""];
  return { ...run, url };
}

/** What a visitor does: every kind of call, one after another. */
export async function visit(url: string, options: ConnectOptions = {}): Promise<void> {
  const shop = await connectShop(url, options);
  await shop.find({ id: 7 });
  await shop.find({ id: 0 }).catch(() => {});
  await shop.sum({ numbers: [1, 2, 3, 4, 5, 6, 7] });
  for await (const _ of shop.list({ count: 7 }).out);
  const shouting = shop.shout();
  for (const text of ["a", "b", "c"]) {
    await shouting.input.send(text);
    await shouting.output.next();
  }
  await shouting.input.close();
  await shouting;
  await shop.confirm({ text: "sure?" });
  const audit = (await shop.$.open(Audit)) as Client<(typeof Audit)["methods"]>;
  await audit.entries();
  await audit.$.close();
  await shop.$.close();
}
