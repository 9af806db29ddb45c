import type { SoakOptions } from "./options.ts";
import type { SoakJob, SoakOutcome, SoakStatus } from "./soak-job.ts";
import { OurPeer, RustSoakPeer, type SoakPeer } from "./soak-peer.ts";

type Kind = "ours" | "rust";

/** Who sends to whom, and who of the two dialled and makes the call. */
export interface SoakScene {
  readonly sender: Kind;
  readonly receiver: Kind;
  readonly initiator: "sender" | "receiver";
}

export const SCENES: readonly SoakScene[] = [
  { sender: "ours", receiver: "ours", initiator: "sender" },
  { sender: "ours", receiver: "ours", initiator: "receiver" },
  { sender: "ours", receiver: "rust", initiator: "sender" },
  { sender: "ours", receiver: "rust", initiator: "receiver" },
  { sender: "rust", receiver: "ours", initiator: "sender" },
  { sender: "rust", receiver: "ours", initiator: "receiver" },
];

export interface SoakResult {
  readonly sent: SoakOutcome;
  readonly received: SoakOutcome;
  readonly bytes: number;
  readonly lost: number;
  /** What our sender may keep at most: its budget, and the item that fills it. */
  readonly replayLimitBytes: number;
  /** What is wrong; none if all is well. */
  readonly violations: readonly string[];
}

/** The frame around an item, and Pings that may go past the bound. */
const OVERHEAD_BYTES = 1024;
/** What a process may have beside buffers, however much goes through it: Node itself takes 100 MiB. */
const MAX_RSS_BYTES = 256 * 2 ** 20;
/** Buffers of a process, in replay budgets: its own, what it takes ahead, copies on their way. */
const RSS_OF_BUDGETS = 32;
/** Neither end brings the stream on for so long: it never will. */
const STALL_MS = 30_000;

export function isRust({ sender, receiver }: SoakScene): boolean {
  return sender === "rust" || receiver === "rust";
}

export function titleOf({ sender, receiver, initiator }: SoakScene): string {
  return `${sender} to ${receiver}, the ${initiator} dialled`;
}

/**
 * Runs one stream between two processes.
 *
 * @throws Error if one of them fails, or nothing goes on
 */
export async function playScene(scene: SoakScene, bundle: string, options: SoakOptions): Promise<SoakResult> {
  const { itemBytes, budgetBytes } = options;
  const count = Math.ceil((isRust(scene) ? options.rustBytes : options.bytes) / itemBytes);
  const job = { count, itemBytes, budgetBytes };
  const start = (sends: boolean, address?: string): SoakPeer => {
    const whole: SoakJob = { ...job, sends, ...(address && { address }) };
    if (scene[sends ? "sender" : "receiver"] === "rust") return new RustSoakPeer(whole);
    return new OurPeer(bundle, { ...whole, ...(address && { address: `tcp://${address}` }) });
  };
  const initiatorSends = scene.initiator === "sender";
  const acceptor = start(!initiatorSends);
  const peers = [acceptor];
  try {
    const initiator = start(initiatorSends, await acceptor.address());
    peers.push(initiator);
    const [sender, receiver] = initiatorSends ? [initiator, acceptor] : [acceptor, initiator];
    const over = Promise.all([sender.outcome, receiver.outcome]);
    const [sent, received] = await orStalled(over, sender, receiver);
    await initiator.end();
    await acceptor.end();
    const seconds = (initiatorSends ? sent : received).seconds;
    return judge({ sent: { ...sent, seconds }, received, count, job });
  } finally {
    for (const peer of peers) peer.kill();
  }
}

function judge({
  sent,
  received,
  count,
  job: { itemBytes, budgetBytes },
}: {
  readonly sent: SoakOutcome;
  readonly received: SoakOutcome;
  readonly count: number;
  readonly job: { readonly itemBytes: number; readonly budgetBytes: number };
}): SoakResult {
  const lost = count - received.items;
  const replayLimitBytes = budgetBytes + itemBytes + OVERHEAD_BYTES;
  const { doubled, outOfOrder, damaged } = received;
  const violations = Object.entries({ lost, doubled, outOfOrder, damaged, unsent: count - sent.items })
    .filter(([, items]) => items !== 0)
    .map(([what, items]) => `${what} ${items}`);
  const atMost = (what: string, bytes: number, limitBytes: number) => {
    if (bytes > limitBytes) violations.push(`${what}: ${bytes} bytes are above ${limitBytes}`);
  };
  atMost("replay", sent.replayPeakBytes ?? 0, replayLimitBytes);
  const maxRssBytes = MAX_RSS_BYTES + RSS_OF_BUDGETS * budgetBytes;
  atMost("RSS of the sender", sent.peakRssBytes, maxRssBytes);
  atMost("RSS of the receiver", received.peakRssBytes, maxRssBytes);
  return { sent, received, bytes: count * itemBytes, lost, replayLimitBytes, violations };
}

/** @throws Error naming what each end waits for when neither of ours has counted an item for a while */
function orStalled<T>(over: Promise<T>, sender: SoakPeer, receiver: SoakPeer): Promise<T> {
  return new Promise((resolve, reject) => {
    let known = "";
    let movedMs = performance.now();
    const timer = setInterval(() => {
      const now = `${sender.status?.items} ${receiver.status?.items}`;
      if (now !== known) movedMs = performance.now();
      known = now;
      if (performance.now() - movedMs < STALL_MS) return;
      const ends = `sender: ${told(sender.status)}; receiver: ${told(receiver.status)}`;
      reject(new Error(`nothing has moved for ${STALL_MS / 1000} s; ${ends}`));
    }, 1000);
    over.then(resolve, reject).finally(() => clearInterval(timer));
  });
}

function told(status: SoakStatus | undefined): string {
  return status === undefined ? "says nothing" : JSON.stringify(status);
}
