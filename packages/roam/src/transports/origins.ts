/**
 * Pages that may connect, as `https://app.example`; undefined: those of the host that was asked for, on any
 * port; "any": pages from everywhere.
 */
export type Origins = readonly string[] | "any" | undefined;

/**
 * Whether an upgrade with these headers may be taken. A page of another site would come with its visitor's
 * cookies, and from within its visitor's network; clients that are no browsers send no origin.
 */
export function isAllowedOrigin(
  { origin, host }: { readonly origin?: string | undefined; readonly host?: string | undefined },
  origins: Origins,
): boolean {
  if (origin === undefined || origins === "any") return true;
  if (origins !== undefined) return origins.includes(origin);
  // Whatever the port: a page under development has one of its own.
  return URL.canParse(origin) && new URL(origin).hostname === new URL(`ws://${host}`).hostname;
}
