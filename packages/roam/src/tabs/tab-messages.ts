/** What tabs and their holder tell each other by the broadcast channel of their name; anybody of the site can. */
export type TabMessage =
  /** A tab wants a link, and listens at its end of it already. */
  | { readonly kind: "ask"; readonly link: string }
  /** The holder has it. */
  | { readonly kind: "ready"; readonly link: string }
  | { readonly kind: "refused"; readonly link: string; readonly reason: string }
  /** There is a new holder, who knows of nothing that was asked before. */
  | { readonly kind: "here" };

/** Name of their channel, and what the names of all locks and links begin with. */
export function scopeOf(name: string): string {
  return `roam:${name}`;
}

export function holderLockOf(scope: string): string {
  return `${scope}:holder`;
}
