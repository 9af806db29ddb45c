/** Name of the instrumentation scope. */
export const SCOPE = "roam";
