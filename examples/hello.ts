import { method, service, t } from "roam";

export const GreetError = t.enum("GreetError", { NoName: t.unit });
/** What both sides share. */
export const Hello = service("Hello", {
  greet: method({ name: t.string }, t.string, GreetError),
  count: method({ from: t.u32, numbers: t.tx(t.u32) }),
});
