declare module "istanbul-lib-instrument" {
  export interface Instrumenter {
    /** The code with a counter in front of every statement, function and branch. */
    instrumentSync(code: string, file: string): string;
  }
  export function createInstrumenter(options: {
    readonly esModules: boolean;
    readonly compact: boolean;
    readonly produceSourceMap: boolean;
    readonly coverageGlobalScopeFunc: boolean;
  }): Instrumenter;
}
