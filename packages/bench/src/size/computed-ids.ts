// What the size measurement bundles: a page that calls a service, with ids computed from its types.
import { connect, method, service, t } from "roam";

const Invoice = t.struct("Invoice", { id: t.u64, lines: t.list(t.string), paid: t.bool });
const LookupError = t.enum("LookupError", { NotFound: t.unit, AccessDenied: t.unit });

export const Billing = service("Billing", {
  lookup: method({ id: t.u64 }, Invoice, LookupError),
  sum: method({ numbers: t.rx(t.i32) }, t.i64),
  watch: method({ since: t.u64, out: t.tx(Invoice, 64) }),
});

export const open = (url: string) => connect(url, Billing);
