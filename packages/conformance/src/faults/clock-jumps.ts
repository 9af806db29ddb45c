/** How far the clock on the wall is set, forward and back (ms). */
const JUMPS_MS = [86_400_000, -86_400_000, 3_600_000, -30 * 86_400_000, 500, -500, 0] as const;
const EVERY_MS = 7;

/**
 * From now on this process's clock on the wall is set to and fro, every few milliseconds: `Date`, and the origin
 * from which `performance` counts. What goes on for a time must go by a clock that nobody sets.
 *
 * @returns what stops it
 */
export function jumpClocks(): () => void {
  const RealDate = Date;
  const origin = performance.timeOrigin;
  let jumps = 0;
  const offMs = () => JUMPS_MS[jumps % JUMPS_MS.length] as number;
  const now = () => RealDate.now() + offMs();
  class JumpingDate extends RealDate {
    constructor(...args: readonly [] | readonly [string | number | Date]) {
      super(args.length === 0 ? now() : args[0]);
    }
    static override now(): number {
      return now();
    }
  }
  globalThis.Date = JumpingDate as DateConstructor;
  Object.defineProperty(performance, "timeOrigin", { configurable: true, get: () => origin + offMs() });
  const timer = setInterval(() => jumps++, EVERY_MS);
  return () => {
    clearInterval(timer);
    globalThis.Date = RealDate;
    Object.defineProperty(performance, "timeOrigin", { configurable: true, get: () => origin });
  };
}
