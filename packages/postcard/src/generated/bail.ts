/** Thrown by generated code at what is not usual. Closures then do the value from its start. */
export const BAIL = "left to closures";
