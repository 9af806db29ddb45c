import { CLOCK_FAULTS } from "./clock-faults.ts";
import { DRAIN_FAULTS } from "./drain-faults.ts";
import type { Fault } from "./fault.ts";
import { FILE_FAULTS } from "./file-faults.ts";
import { KILL_FAULTS } from "./kill-faults.ts";
import { STOP_FAULTS } from "./stop-faults.ts";

/** Everything that happens to processes, in the order in which it is played. */
export const FAULTS: readonly Fault[] = [
  ...KILL_FAULTS,
  ...STOP_FAULTS,
  ...FILE_FAULTS,
  ...CLOCK_FAULTS,
  ...DRAIN_FAULTS,
];
