import type { Fault, FaultPlan, SeenBy, Side } from "./fault-plan.ts";
import { SeededRandom } from "./seeded-random.ts";

/** Link cuts in one plan, at most. */
const MAX_CUTS = 6;
/** What a read from a socket gives, at most (bytes). */
const MAX_CHUNK = 65_536;
/** Less than the time for a handshake, so that an attempt that is late is not given up (ms). */
const MAX_STALL_MS = 8_000;
/** So that cut after cut in a handshake stays within the time for reconnecting (ms). */
const MAX_UNTOLD_MS = 4_000;

const UNSEEN: readonly SeenBy[] = ["client", "server", "nobody"];

/**
 * A fault plan that a session with default times survives: links are cut anywhere, most of them
 * early, bytes are late, dials are refused. No server is restarted unless that is asked for, for
 * a restart ends sessions.
 */
export function randomPlan(seed: number, options: { readonly restarts?: boolean } = {}): FaultPlan {
  const random = new SeededRandom(seed, "plan");
  const cuts = random.integer(0, MAX_CUTS);
  const faults: Fault[] = [];
  // Two of them in a row would be one too many for a keepalive, which gives the session up.
  let isSilentLeft = true;
  for (let link = 0; link < cuts; link++) {
    const seenBy: SeenBy = random.chance(0.35) ? random.pick(UNSEEN) : "both";
    const cut: Fault = { kind: "cut", link, from: side(random), byte: byte(random), seenBy };
    const how = random.chance(0.25) ? { isOrderly: true } : {};
    const isSilent = seenBy !== "both" && isSilentLeft && random.chance(0.3);
    if (isSilent) isSilentLeft = false;
    const told = seenBy === "both" || isSilent ? {} : { toldAfterMs: random.spread(1, MAX_UNTOLD_MS) };
    faults.push({ ...cut, ...how, ...told });
  }
  const link = () => random.integer(0, cuts);
  if (random.chance(0.3)) {
    const ms = random.spread(1, MAX_STALL_MS);
    faults.push({ kind: "stall", link: link(), from: side(random), byte: byte(random), ms });
  }
  if (random.chance(0.15)) {
    faults.push({ kind: "delay", link: link(), from: side(random), ms: random.spread(1, 500) });
  }
  if (random.chance(0.1)) {
    faults.push({ kind: "slow", link: link(), from: side(random), bytesPerMs: random.spread(50, 2_000) });
  }
  const travel = randomTravel(random);
  if (random.chance(0.15)) {
    // One that comes behind the real link takes the session over for good: nobody reads its new key.
    const aheadMs = travel.jitterMs + random.integer(1, 50);
    faults.push({ kind: "twin", link: link(), aheadMs, openMs: random.spread(1, 20_000) });
  }
  if (random.chance(0.2)) {
    const refuse = { atMs: random.spread(0, 5_000), forMs: random.spread(1, 4_000) };
    faults.push({ kind: "refuse", ...refuse, isSilent: random.chance(0.3) });
  }
  if (random.chance(0.2)) faults.push({ kind: "cut-all", atMs: random.spread(0, 10_000) });
  if (options.restarts && random.chance(0.2)) {
    faults.push({ kind: "restart", atMs: random.spread(0, 5_000), downMs: random.spread(1, 2_000) });
  }
  return { ...travel, faults };
}

function randomTravel(random: SeededRandom): Omit<FaultPlan, "faults"> {
  // Single bytes cost time, and what they can find they find soon.
  const chunks = random.next();
  const smallest = chunks < 0.04 ? ([1, 1] as const) : ([1, 200] as const);
  return {
    latencyMs: { client: random.spread(0, 100), server: random.spread(0, 100) },
    jitterMs: random.chance(0.5) ? 0 : random.spread(0, 20),
    chunkBytes: chunks < 0.2 ? smallest : [chunks < 0.6 ? 1 : MAX_CHUNK, MAX_CHUNK],
    windowBytes: random.spread(256, 262_144),
  };
}

function side(random: SeededRandom): Side {
  return random.pick(["client", "server"] as const);
}

/** Inside the stable handshake, inside the session's, or anywhere. */
function byte(random: SeededRandom): number {
  const place = random.next();
  if (place < 0.25) return random.integer(0, 30);
  return place < 0.5 ? random.integer(0, 400) : random.spread(0, 40_000);
}
