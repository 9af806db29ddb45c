const WIDTH = 24;

/** `[██████      ]  42%  12 of 28  what`; as long as the terminal takes. */
export function progressBar(done: number, all: number, what: string, columns: number): string {
  const share = all <= 0 ? 1 : Math.min(1, Math.max(0, done / all));
  const width = Math.max(8, Math.min(WIDTH, columns - what.length - 12));
  const full = Math.round(share * width);
  const percent = `${Math.floor(share * 100)}%`.padStart(4);
  return `[${"█".repeat(full)}${" ".repeat(width - full)}] ${percent}  ${what}`;
}
