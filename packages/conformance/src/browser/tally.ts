/** Counts cases and tells each in one line. */
export class Tally {
  passed = 0;
  failed = 0;

  /** Runs a case; one that throws has failed, and the others go on. */
  async check(name: string, run: () => Promise<void>): Promise<void> {
    const startedMs = performance.now();
    try {
      await run();
    } catch (error) {
      this.failed++;
      console.log(`FAILED ${name}\n  ${error instanceof Error ? error.message : error}`);
      return;
    }
    this.passed++;
    console.log(`ok     ${name} (${(performance.now() - startedMs).toFixed(0)} ms)`);
  }
}
