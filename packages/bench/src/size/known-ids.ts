// What the size measurement bundles: a page that calls a service, with ids known as in generated code.
import { connect, knownIds, method, t } from "roam";

const Invoice = t.struct("Invoice", { id: t.u64, lines: t.list(t.string), paid: t.bool });
const LookupError = t.enum("LookupError", { NotFound: t.unit, AccessDenied: t.unit });

export const Billing = knownIds(
  "Billing",
  {
    lookup: method({ id: t.u64 }, Invoice, LookupError),
    sum: method({ numbers: t.rx(t.i32) }, t.i64),
    watch: method({ since: t.u64, out: t.tx(Invoice, 64) }),
  },
  { lookup: 0x6a09_e667_f3bc_c908n, sum: 0xbb67_ae85_84ca_a73bn, watch: 0x3c6e_f372_fe94_f82bn },
);

export const open = (url: string) => connect(url, Billing);
