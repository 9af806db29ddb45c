import { type Action, Violation, World, type WorldOptions } from "./world.ts";

/** What an exploration found. */
export interface Exploration {
  readonly states: number;
  readonly transitions: number;
  /** Longest list of actions explored. */
  readonly depth: number;
  /** True if there was nothing left to explore. */
  readonly isComplete: boolean;
  readonly violation: { readonly reason: string; readonly path: readonly Action[] } | undefined;
}

interface Node {
  readonly parent: Node | undefined;
  readonly action: Action | undefined;
  readonly depth: number;
}

/** Steps in which a world that is left alone must come to its end. */
const PATIENCE = 2_000;
/** The order in which a fair scheduler takes what is possible. */
const FAIR: readonly RegExp[] = [/notice/, /dial/, /read/, /write/, /send/, /close/, /late ack/, /grace/];

/**
 * Visits every state within `depth` actions, breadth first, so that the first violation found has the
 * shortest path. Each state must also be able to end well if nothing is cut any more.
 */
export function explore(
  options: WorldOptions,
  depth: number,
  maxStates = Number.POSITIVE_INFINITY,
): Exploration {
  const root: Node = { parent: undefined, action: undefined, depth: 0 };
  const seen = new Set([new World(options).key]);
  /** States from which the end is known to be reached. */
  const ending = new Set<string>();
  let frontier = [root];
  let transitions = 0;
  let reached = 0;
  const found = (reason: string, path: readonly Action[]): Exploration => ({
    states: seen.size,
    transitions,
    depth: reached,
    isComplete: false,
    violation: { reason, path },
  });
  while (frontier.length > 0 && reached < depth && seen.size < maxStates) {
    const next: Node[] = [];
    reached++;
    for (const node of frontier) {
      const path = pathTo(node);
      for (const action of replay(options, path).actions()) {
        transitions++;
        const longer = [...path, action];
        try {
          const world = replay(options, longer);
          const { key } = world;
          if (seen.has(key)) continue;
          seen.add(key);
          next.push({ parent: node, action, depth: reached });
          expectEnd(world, ending, longer);
        } catch (error) {
          if (!(error instanceof Violation)) throw error;
          return found(error.message, longer);
        }
      }
      if (seen.size >= maxStates) break;
    }
    frontier = next;
  }
  return {
    states: seen.size,
    transitions,
    depth: reached,
    isComplete: frontier.length === 0,
    violation: undefined,
  };
}

function pathTo(node: Node): Action[] {
  const path: Action[] = [];
  for (let at: Node | undefined = node; at?.action !== undefined; at = at.parent) path.push(at.action);
  return path.reverse();
}

// Cores cannot be copied: the way there is gone again.
function replay(options: WorldOptions, path: readonly Action[]): World {
  const world = new World(options);
  for (const action of path) world.act(action);
  return world;
}

/**
 * @param path the way to this world; what it does from here on is added
 * @throws Violation if a world that nobody disturbs any more does not come to its end
 */
function expectEnd(world: World, ending: Set<string>, path: Action[]): void {
  const passed: string[] = [];
  for (let step = 0; step < PATIENCE; step++) {
    const { key } = world;
    if (world.isDone || ending.has(key)) {
      for (const each of passed) ending.add(each);
      ending.add(key);
      return;
    }
    passed.push(key);
    const enabled = world.actions().filter((action) => action !== "cut");
    const action = FAIR.map((kind) => enabled.find((each) => kind.test(each))).find(Boolean);
    if (action === undefined) throw new Violation("stuck: nothing can happen any more");
    path.push(action);
    world.act(action);
  }
  throw new Violation("stuck: it goes round for ever");
}
