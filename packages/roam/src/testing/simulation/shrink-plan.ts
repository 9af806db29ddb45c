import { CALM, type Fault, type FaultPlan } from "./fault-plan.ts";

/**
 * A smaller fault plan that still fails: faults are dropped and numbers made smaller, as long as
 * that does not help.
 *
 * @param isFailing runs a plan; must give the same answer for the same plan
 * @param options.maxRuns after so many of them the smallest plan so far is good enough
 */
export async function shrinkPlan(
  plan: FaultPlan,
  isFailing: (plan: FaultPlan) => Promise<boolean>,
  options: { readonly maxRuns?: number } = {},
): Promise<FaultPlan> {
  let { maxRuns = Number.POSITIVE_INFINITY } = options;
  let smallest = plan;
  for (;;) {
    let found: FaultPlan | undefined;
    for (const candidate of smaller(smallest)) {
      if (maxRuns-- <= 0) return smallest;
      if (await isFailing(candidate)) {
        found = candidate;
        break;
      }
    }
    if (found === undefined) return smallest;
    smallest = found;
  }
}

/** Plans a step smaller, the boldest steps first. */
function* smaller(plan: FaultPlan): Generator<FaultPlan> {
  const { faults } = plan;
  const withFaults = (others: readonly Fault[]): FaultPlan => ({ ...plan, faults: others });
  if (faults.length > 2) {
    const half = faults.length >> 1;
    yield withFaults(faults.slice(0, half));
    yield withFaults(faults.slice(half));
  }
  for (const [index, fault] of faults.entries()) {
    const others = faults.toSpliced(index, 1);
    // Without a link that was cut, those behind it come one earlier.
    if ("link" in fault) yield withFaults(others.map((other) => movedUp(other, fault.link)));
    yield withFaults(others);
  }
  for (const field of ["latencyMs", "jitterMs", "chunkBytes", "windowBytes"] as const) {
    if (JSON.stringify(plan[field]) !== JSON.stringify(CALM[field])) yield { ...plan, [field]: CALM[field] };
  }
  for (const [index, fault] of faults.entries()) {
    for (const simpler of simplerFaults(fault)) yield withFaults(faults.with(index, simpler));
  }
}

function movedUp(fault: Fault, behind: number): Fault {
  return "link" in fault && fault.link > behind ? { ...fault, link: fault.link - 1 } : fault;
}

/** Numbers towards zero: to it, by half, by one; and orderly or unseen ends made plain ones. */
function* simplerFaults(fault: Fault): Generator<Fault> {
  if (fault.kind === "cut" && fault.isOrderly) yield { ...fault, isOrderly: false };
  if (fault.kind === "cut" && fault.seenBy !== "both") yield { ...fault, seenBy: "both" };
  if (fault.kind === "refuse" && fault.isSilent) yield { ...fault, isSilent: false };
  for (const [name, value] of Object.entries(fault)) {
    if (typeof value !== "number" || value === 0) continue;
    const least = name === "bytesPerMs" ? 1 : 0;
    for (const less of new Set([least, Math.trunc(value / 2), value - Math.sign(value)])) {
      const isLess = Math.abs(less) < Math.abs(value) && Math.abs(less) >= least;
      if (isLess) yield { ...fault, [name]: less } as Fault;
    }
  }
}
