// Both sides of a session over loopback TCP, with a trace of one kind or none: a process for each, so that none
// pays for another's garbage. Prints calls a second, slice by slice, as JSON.
import { type Client, connect, method, type Server, serve, service, t } from "roam";
import { countMethods, trace } from "roam/trace";

const Adder = service("Adder", { add: method({ a: t.u32, b: t.u32 }, t.u32) });
const IN_FLIGHT = 64;

type Tracer = { begin(session: unknown): void };
let seen = 0;
const KINDS: Readonly<Record<string, () => Tracer | undefined>> = {
  none: () => undefined,
  // Attached and stopped: what a session costs that was traced once.
  stopped: () => ({
    begin(session) {
      const stopped = trace({ onEvent() {} });
      stopped.begin(session as never);
      stopped.stop();
    },
  }),
  "sample 0.01": () => trace({ sample: 0.01, onEvent: () => seen++ }) as Tracer,
  "sample 0.1": () => trace({ sample: 0.1, onEvent: () => seen++ }) as Tracer,
  "sample 1": () => trace({ onEvent: () => seen++ }) as Tracer,
  "sample 1 as JSON": () =>
    trace({
      onEvent: (event) => {
        seen += JSON.stringify(event).length;
      },
    }) as Tracer,
  countMethods: () => countMethods() as Tracer,
};

interface Pair {
  readonly server: Server;
  readonly client: Client<(typeof Adder)["methods"]>;
}

async function open(kind: string): Promise<Pair> {
  const options = () => {
    const tracer = KINDS[kind]?.();
    return tracer === undefined ? {} : { trace: tracer };
  };
  const server = await serve("tcp://127.0.0.1:0", Adder, { add: ({ a, b }) => a + b }, options());
  const client = await connect(server.address, Adder, { conduit: "bare", ...options() });
  return { server, client };
}

/** Calls a second. */
async function rate({ client }: Pair, ms: number): Promise<number> {
  let made = 0;
  const startMs = performance.now();
  const call = async () => {
    while (performance.now() - startMs < ms) {
      await client.add({ a: made, b: 1 });
      made++;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, call));
  return (made / (performance.now() - startMs)) * 1000;
}

const [kind, warmUpMs, slices, sliceMs] = process.argv.slice(2) as [string, string, string, string];
const pair = await open(kind);
await rate(pair, Number(warmUpMs));
const rates: number[] = [];
for (let slice = 0; slice < Number(slices); slice++) rates.push(await rate(pair, Number(sliceMs)));
console.log(JSON.stringify(rates));
await pair.client.$.close();
await pair.server.close();
if (kind.startsWith("sample") && seen === 0) throw new Error("nothing was traced");
