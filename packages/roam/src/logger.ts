/** What a line of a log is about, beside its text: `err` is what was thrown. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where the runtime tells its owner about what no caller hears of. A logger of pino is one as it is. */
export interface Logger {
  info?(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

/** For people: the text, and what was thrown. */
export const consoleLogger: Logger = {
  warn: ({ err }, message) => console.warn(`roam: ${message}`, ...(err === undefined ? [] : [err])),
  error: ({ err }, message) => console.error(`roam: ${message}`, ...(err === undefined ? [] : [err])),
};
