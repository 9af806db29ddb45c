/** Where the runtime tells its owner about what no caller hears of. */
export interface Logger {
  warn(message: string, cause?: unknown): void;
  error(message: string, cause?: unknown): void;
}

export const consoleLogger: Logger = {
  warn: (message, ...cause) => console.warn(`roam: ${message}`, ...cause),
  error: (message, ...cause) => console.error(`roam: ${message}`, ...cause),
};
