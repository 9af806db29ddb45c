// A stream of the Rust crates with the default credit of 16, received by them and by ours, in turns:
// `npm run -s bench:rust`. Needs cargo.
import { readFileSync } from "node:fs";
import { connect, service } from "roam";
import { killAll } from "../../conformance/src/interop/child.ts";
import { buildRustPeer, RustPeer } from "../../conformance/src/interop/rust-peer.ts";
import { Soak } from "../../conformance/src/soak/soak-service.ts";
import { median } from "./statistics.ts";

const ROUNDS = 5;
const ITEMS = 200_000;
/** The least that the service allows. */
const ITEM_BYTES = 8;
/** Of the clock that the kernel counts CPU time with (ms). */
const TICK_MS = 10;

interface Round {
  readonly perSecond: number;
  /** CPU time that the sender spent on each item (µs). */
  readonly senderUs: number;
}

class Sender extends RustPeer {
  constructor() {
    super(["listen", "--link", "tcp", "--addr", "127.0.0.1:0"]);
  }

  cpuMs(): number {
    const [, user = 0, system = 0] =
      /\) (?:\S+ ){11}(\d+) (\d+)/.exec(readFileSync(`/proc/${this.pid}/stat`, "utf8"))?.map(Number) ?? [];
    return (user + system) * TICK_MS;
  }
}

async function toOurs(address: string): Promise<number> {
  await using root = await connect(`tcp://${address}`, service("Testbed", {}), { conduit: "bare" });
  await using soak = await root.$.open(Soak);
  const started = performance.now();
  let items = 0;
  for await (const item of soak.pull({ count: ITEMS, bytes: ITEM_BYTES }).out) {
    if (item.length !== ITEM_BYTES || item[0] !== (items & 255)) throw new Error(`item ${items} is damaged`);
    items++;
  }
  if (items !== ITEMS) throw new Error(`${items} of ${ITEMS} items came`);
  return (performance.now() - started) / 1000;
}

async function toRust(address: string): Promise<number> {
  const order = ["--soak-receive", String(ITEMS * ITEM_BYTES), "--soak-item", String(ITEM_BYTES)];
  const peer = new RustPeer(["dial", "--link", "tcp", "--addr", address, ...order]);
  await peer.exited(60_000);
  const told = peer.soaks[0];
  if (!told?.ok || told.items !== ITEMS) throw new Error(`the Rust peer: ${JSON.stringify(told)}`);
  return told.seconds;
}

async function round(sender: Sender, receive: (address: string) => Promise<number>): Promise<Round> {
  const address = await sender.listening();
  const before = sender.cpuMs();
  const seconds = await receive(address);
  return { perSecond: ITEMS / seconds, senderUs: ((sender.cpuMs() - before) * 1000) / ITEMS };
}

function line(name: string, rounds: readonly Round[]): string {
  const rates = rounds.map(({ perSecond }) => perSecond);
  const [least, most] = [Math.min(...rates), Math.max(...rates)].map(Math.round);
  const senderUs = median(rounds.map((one) => one.senderUs)).toFixed(1);
  return `${name}: ${Math.round(median(rates))} items/s (${least}-${most}), the sender's CPU ${senderUs} µs each`;
}

try {
  await buildRustPeer();
  const sender = new Sender();
  await round(sender, toOurs);
  const [ours, rust]: [Round[], Round[]] = [[], []];
  for (let index = 0; index < ROUNDS; index++) {
    ours.push(await round(sender, toOurs));
    rust.push(await round(sender, toRust));
  }
  console.log(line("Rust to ours", ours));
  console.log(line("Rust to Rust", rust));
  const ratios = ours.map(({ perSecond }, index) => perSecond / (rust[index]?.perSecond ?? Number.NaN));
  console.log(
    `ours of Rust: ${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}-${Math.max(...ratios).toFixed(2)})`,
  );
} finally {
  killAll();
}
