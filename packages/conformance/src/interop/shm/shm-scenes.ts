import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { connect } from "roam";
import type { Link } from "roam/link";
import { createHost, type HostOptions, joinHost, type ShmHost } from "roam/shm";
import { Testbed } from "../../../../../examples/testbed/testbed.ts";
import { Probe } from "../../probe.ts";
import { Difference, expectEqual } from "../../vectors/tally.ts";
import { ADDRESSES } from "../address.ts";
import { type Case, type Report, type Scene, within } from "../case.ts";
import { Child } from "../child.ts";
import { meet, part, shmPaths } from "../meeting.ts";
import { RUST_PEER, RustPeer } from "../rust-peer.ts";
import { testbedHandler } from "../services.ts";
import { type Flood, flood, floodArgs } from "./flood.ts";

const CHILD = fileURLToPath(new URL("child.ts", import.meta.url));
const SUBJECT = fileURLToPath(new URL("../../../subject.sh", import.meta.url));
const LIMIT_MS = 10_000;
const FLOOD_LIMIT_MS = 120_000;
const KIB = 1024;
const MIB = KIB * KIB;

/** Sizes on both sides of each way into shared memory: ring, slot by slot, mapping; the largest is 4 MiB. */
const CUTOVERS = [256, 4 * KIB, 16 * KIB, 64 * KIB, 72 * KIB, MIB, MIB + 64 * KIB];
const SIZES = [
  0,
  1,
  100,
  ...CUTOVERS.flatMap((at) => [-40, -8, -4, 0, 1, 40].map((by) => at + by)),
  2 * MIB,
  4 * MIB,
];

/** Echoes of all sizes, and several large ones at once, which is more than there are slots for. */
function payloadCases(probe: { echo_bytes(args: { data: Uint8Array }): PromiseLike<Uint8Array> }): Case[] {
  const echo = async (length: number) => {
    const data = new Uint8Array(length).map((_, at) => (at * 31 + length) & 0xff);
    const answer = await probe.echo_bytes({ data });
    if (Buffer.compare(answer, data) !== 0) throw new Difference(`${answer.length} other bytes`);
  };
  return [
    ...SIZES.map((length) => ({ name: `echo of ${length} bytes`, run: () => echo(length) })),
    {
      name: "30 echoes of 300,000 bytes at once",
      run: async () => void (await Promise.all(Array.from({ length: 30 }, (_, by) => echo(300_000 + by)))),
    },
    {
      name: "20 echoes of 2 MiB at once",
      run: async () => void (await Promise.all(Array.from({ length: 20 }, () => echo(2 * MIB)))),
    },
  ];
}

// r[verify shm.framing.threshold]
// r[verify shm.varslot.selection]
// r[verify shm.mmap]
const PAYLOADS: readonly Scene[] = (["initiator", "acceptor"] as const).map((role) => ({
  title: `shm payloads of all sizes, ${role === "initiator" ? "Rust" : "our"} host`,
  async run({ directory }, report) {
    const meeting = await meet({ link: "shm", role, conduit: "bare" }, { directory });
    const probe = await meeting.client.$.open(Probe);
    await report.checkAll(payloadCases(probe));
    await probe.$.close();
    await part(meeting, report);
    return "";
  },
}));

const FLOODS: Readonly<Record<string, Omit<Flood, "count">>> = {
  "of 24 bytes": { bytes: 24, isMixed: false },
  "of several sizes": { bytes: 100, isMixed: true },
};

/** The Rust peer says what came there. */
async function expectFlood(rust: RustPeer, count: number): Promise<void> {
  const status = await rust.exited(FLOOD_LIMIT_MS);
  const told = rust.log.find((line) => line.includes('"flood"')) ?? rust.log.join(" | ");
  const { sent, received, wrong } = JSON.parse(told).flood;
  expectEqual(
    "the flood there",
    { status, sent, received, wrong },
    { status: 0, sent: count, received: count, wrong: 0 },
  );
}

/** Both sides send at full speed at the same time, on rings of 4 KiB and of 64 KiB. */
// r[verify shm.bipbuf.backpressure]
function floodScenes(count: number): readonly Scene[] {
  const check = async (report: Report, name: string, rust: RustPeer, ours: () => Promise<void>) => {
    const both = async () => {
      await Promise.all([ours(), expectFlood(rust, count)]);
    };
    const failed = await within(name, both(), FLOOD_LIMIT_MS).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    if (failed === undefined) report.passed++;
    else report.fail(name, failed.error);
    rust.kill();
  };
  return Object.entries(FLOODS).map(([what, form]) => ({
    title: `shm floods both ways ${what}`,
    async run({ directory }, report) {
      const terms: Flood = { ...form, count };
      for (const ring of [4 * KIB, 64 * KIB]) {
        const rust = new RustPeer([
          ...["shm-host", ...shmPaths(directory), "--once", "--ring", `${ring}`],
          ...floodArgs(terms),
        ]);
        const link = await joinHost(await rust.listening());
        await check(report, `Rust host, ring of ${ring} bytes`, rust, () => flood(link, terms));
      }
      for (const ringCapacity of [4 * KIB, 64 * KIB]) {
        await using host = await createHost({ ringCapacity, inlineThreshold: 256 });
        const { control, arrived } = await firstGuest(host, directory);
        const guest = new RustPeer(["shm-guest", "--control", control, ...floodArgs(terms)]);
        const link = await within("the guest", arrived, LIMIT_MS);
        await check(report, `our host, ring of ${ringCapacity} bytes`, guest, () => flood(link, terms));
      }
      return ` (${count} payloads each way, four times)`;
    },
  }));
}

async function firstGuest(
  host: ShmHost,
  directory: string,
): Promise<{ control: string; arrived: Promise<Link> }> {
  const control = ADDRESSES.unix.free(directory);
  let onLink: (link: Link) => void = () => {};
  const arrived = new Promise<Link>((resolve) => {
    onLink = resolve;
  });
  await host.listen(control, onLink);
  return { control, arrived };
}

/** Few slots, so that those which are not given back are missed. */
const SCARCE: HostOptions = {
  maxGuests: 1,
  classes: [
    { slotBytes: 16 * KIB, slots: 4 },
    { slotBytes: 128 * KIB, slots: 4 },
  ],
};

/** Guests that die with every slot in their rings; one that comes after them finds all of them free. */
// r[verify shm.crash.detection]
// r[verify shm.crash.recovery]
// r[verify shm.varslot.crash-recovery]
const KILLED_GUESTS: Scene = {
  title: "shm Rust guests killed, our host",
  async run({ directory }, report) {
    await using host = await createHost(SCARCE);
    const control = ADDRESSES.unix.free(directory);
    let onLink: (link: Link) => void = () => {};
    await host.listen(control, (link) => onLink(link));
    const guest = async (terms: Flood) => {
      const arrived = new Promise<Link>((resolve) => {
        onLink = resolve;
      });
      const rust = new RustPeer(["shm-guest", "--control", control, ...floodArgs(terms)]);
      return { rust, link: await within("the guest", arrived, LIMIT_MS) };
    };
    const large = { bytes: 100_000, isMixed: false };
    for (const round of [1, 2, 3]) {
      await report.check(`guest ${round} is killed with all slots in use`, async () => {
        const { rust, link } = await guest({ ...large, count: 1_000_000 });
        const ended = new Promise<void>((resolve) =>
          link.rx.start(
            () => {},
            () => resolve(),
          ),
        );
        process.kill(rust.pid as number, "SIGSTOP");
        await untilFull(link);
        rust.kill();
        await within("the end of the link", ended, LIMIT_MS);
        await within("the recovery", untilEmpty(host), LIMIT_MS);
      });
    }
    await report.check("the next one finds everything free", async () => {
      const terms = { ...large, count: 500 };
      const { rust, link } = await guest(terms);
      await Promise.all([flood(link, terms), expectFlood(rust, terms.count)]);
    });
    return "";
  },
};

/** Sends until there is no slot any more. */
async function untilFull({ tx }: Link): Promise<void> {
  const payload = new Uint8Array(100_000);
  for (let refused = 0; refused < 3; ) {
    const isTaken = tx.tryWrite(payload, (writer, bytes) => writer.raw(bytes));
    refused = isTaken ? 0 : refused + 1;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

async function untilEmpty(host: ShmHost): Promise<void> {
  while (host.guests > 0) await new Promise((resolve) => setTimeout(resolve, 5));
}

function startChild(role: "host" | "guest", control: string): Child {
  const loader = fileURLToPath(new URL("../../../../../node_modules/tsx/dist/loader.mjs", import.meta.url));
  return new Child(process.execPath, ["--conditions=roam-source", "--import", loader, CHILD, role, control]);
}

/** Guests of ours are killed under a Rust host, which serves the next one. */
const KILLED_OURS: Scene = {
  title: "shm our guests killed, Rust host",
  async run({ directory }, report) {
    const rust = new RustPeer(["shm-host", ...shmPaths(directory), "--guests", "1"]);
    const control = await rust.listening();
    for (const round of [1, 2]) {
      await report.check(`guest ${round} is served and killed`, async () => {
        const child = startChild("guest", control);
        await child.listening();
        child.kill();
        await child.exited();
        await within("the recovery", untilTold(rust, '"recovered"', round), LIMIT_MS);
      });
    }
    await report.check("a guest after them is served", async () => {
      const client = await connect(await joinHost(control), Testbed, { handler: testbedHandler });
      expectEqual("echo", await client.echo({ message: "again" }), "again");
      await client.$.close();
    });
    rust.kill();
    return "";
  },
};

async function untilTold(rust: RustPeer, text: string, times: number): Promise<void> {
  const told = () => rust.log.filter((line) => line.includes(text)).length;
  while (told() < times) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Hosts that are killed: their guests see the end, and a host that starts anew takes the same path. */
// r[verify shm.signal.doorbell.death]
// r[verify shm.file.cleanup]
const KILLED_HOSTS: Scene = {
  title: "shm hosts killed",
  async run({ directory }, report) {
    const paths = shmPaths(directory);
    const control = paths.at(-1) as string;
    for (const round of [1, 2]) {
      await report.check(`our guest sees the end of Rust host ${round}`, async () => {
        const rust = new RustPeer(["shm-host", ...paths]);
        const client = await connect(await joinHost(await rust.listening()), Testbed);
        const pending = client.sum({});
        rust.kill();
        await within("the session's end", client.$.session.ended, LIMIT_MS);
        const outcome = await pending.then(
          () => "answered",
          () => "failed",
        );
        expectEqual("a call under way", outcome, "failed");
      });
    }
    for (const round of [1, 2]) {
      await report.check(`a Rust guest sees the end of our host ${round}`, async () => {
        const host = startChild("host", control);
        await host.listening();
        const rust = new RustPeer(["shm-guest", "--control", control, "--call"]);
        await rust.done();
        host.kill();
        await rust.exited(LIMIT_MS);
      });
    }
    return "";
  },
};

/** A Rust program that is started by our host and inherits its descriptors. */
// r[verify shm.spawn]
// r[verify shm.spawn.fd-inheritance]
const SPAWNED: Scene = {
  title: "shm Rust guest spawned by our host",
  async run(_stage, report) {
    await using host = await createHost();
    const terms: Flood = { count: 20_000, bytes: 100, isMixed: true };
    const descriptors = ["--doorbell", "3", "--mmap-rx", "4", "--mmap-tx", "5"];
    const place = ["--segment", host.path, "--peer", "1"];
    const { child, link } = host.spawn(
      RUST_PEER,
      ["shm-inherited", ...place, ...descriptors, ...floodArgs(terms)],
      { stdio: "ignore" },
    );
    const exited = once(child, "exit");
    await report.check("a flood through inherited descriptors", () => flood(link, terms));
    await report.check("it ends with status 0", async () => expectEqual("status", (await exited)[0], 0));
    return "";
  },
};

/** The subject as a guest that a Rust host starts. */
const SUBJECT_GUEST: Scene = {
  title: "shm subject",
  async run({ directory }, report) {
    const rust = new RustPeer(["shm-host", ...shmPaths(directory), "--once", "--call", "--", SUBJECT]);
    const checks = await rust.report(report);
    await report.check("the subject ends with status 0 when hung up on", async () => {
      await untilTold(rust, '"child"', 1);
      expectEqual("told", rust.log.at(-1), '{"shm":"child","status":0}');
    });
    await rust.reportExit(report);
    return ` (${checks} calls made by the Rust peer)`;
  },
};

/** @param floodCount payloads each way in each flood */
export function shmScenes(floodCount: number): readonly Scene[] {
  return [
    ...PAYLOADS,
    ...floodScenes(floodCount),
    KILLED_GUESTS,
    KILLED_OURS,
    KILLED_HOSTS,
    SPAWNED,
    SUBJECT_GUEST,
  ];
}
