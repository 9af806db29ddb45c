/** Figures as text. */

export function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** With about three digits. */
export function threeDigits(value: number): string {
  if (value >= 100) return whole(value);
  return value.toFixed(value >= 10 ? 1 : 2);
}

/** `445k`, `1.93M`: with about three digits and a unit. */
export function compact(value: number): string {
  if (value >= 999_500) return `${threeDigits(value / 1e6)}M`;
  if (value >= 999.5) return `${threeDigits(value / 1e3)}k`;
  return threeDigits(value);
}

export const ratio = (value: number): string => value.toFixed(2);
