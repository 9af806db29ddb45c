import { accept, implement } from "roam";
import type { Link } from "roam/link";
import { dialLocal, listenLocal } from "roam/local";
import { createHost, joinHost, type Lends, release } from "roam/shm";
import { bounceChecked, checkedPeer } from "./bouncing.ts";
import type { Contender } from "./contender.ts";
import { lanes } from "./lanes.ts";
import { roamPeer } from "./roam-peer.ts";
import { Bench, benchHandlers, isCreditAdaptive, sessionOptions } from "./roam-service.ts";

const SHM_BOUNCES = /^bounce-(?!64KiB-8)/;
const SHM_CALLS = /^(call|echo|down|up)-/;
/** Before a side sleeps it looks for so long (µs), where it spins. */
const SPIN_MICROS = 50;

/** Two processes and shared memory, as bare links or with calls; ratios are of the same over a Unix socket. */
function shm(name: string, options: { spins?: boolean; lends?: Lends; calls?: boolean } = {}): Contender {
  const { spins = false, lends = "nothing", calls = false } = options;
  const spinMicros = spins ? SPIN_MICROS : 0;
  return {
    name,
    raw: calls ? "unix" : "unix-link",
    cases: calls ? SHM_CALLS : SHM_BOUNCES,
    async serve(directory) {
      const control = `${directory}/${name}.sock`;
      const host = await createHost({ spinMicros });
      const handler = implement(Bench, benchHandlers);
      await host.listen(control, (link) => {
        if (calls) void accept(link, handler, sessionOptions(isCreditAdaptive));
        else {
          link.rx.lends = lends;
          bounceChecked(link);
        }
      });
      return control;
    },
    async open(control) {
      const link = await joinHost(control, { spinMicros });
      link.rx.lends = lends;
      return calls ? roamPeer(link, isCreditAdaptive, "bare", release) : checkedPeer(link);
    },
  };
}

/** The bare link of a Unix socket, for those of shared memory to be measured by. */
const unixLink: Contender = {
  name: "unix-link",
  raw: undefined,
  cases: SHM_BOUNCES,
  async serve(directory) {
    const path = `${directory}/link.sock`;
    await listenLocal(path, (link: Link) => bounceChecked(link));
    return path;
  },
  open: async (path) => checkedPeer(await dialLocal(path)),
};

/** Shared memory beside a Unix socket: `npm run -s bench -- shm`. */
export const shmLanes: readonly Contender[] = [
  shm("shm-link"),
  shm("shm-link-spin", { spins: true }),
  shm("shm-lent", { lends: "payloads" }),
  shm("shm-lent-spin", { lends: "payloads", spins: true }),
  unixLink,
  shm("shm", { calls: true }),
  shm("shm-spin", { calls: true, spins: true }),
  shm("shm-views", { calls: true, lends: "bytes" }),
  ...lanes
    .filter(({ name }) => name === "unix")
    .map((lane) => ({ ...lane, raw: undefined, cases: SHM_CALLS })),
];
