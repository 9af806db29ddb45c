import { method, type Schema, service, t } from "roam";

interface Node {
  readonly children: readonly Node[];
}
/** As deep as few bytes can ask for: one byte a level. */
const Node: Schema<Node> = t.struct("Node", { children: t.list(t.lazy(() => Node)) });

/** What the attacked server serves. */
export const Target = service("Target", {
  echo: method({ value: t.u32 }, t.u32),
  /** An answer of so many bytes. */
  blob: method({ bytes: t.u32 }, t.bytes),
  /** Takes bytes and is not done before the session is over. */
  hold: method({ data: t.bytes }),
  /** Takes items and does not read them. */
  ignore: method({ items: t.rx(t.bytes, 16) }),
  /** Items for as long as they are read. */
  pour: method({ items: t.tx(t.bytes, 16) }),
  /** Counts them. */
  count: method({ items: t.rx(t.u32, 16) }, t.u32),
  nested: method({ value: Node }, t.u32),
  units: method({ values: t.list(t.unit) }, t.u32),
  unitLists: method({ values: t.list(t.list(t.unit)) }, t.u32),
  lists: method({ values: t.list(t.list(t.u8)) }, t.u32),
  maps: method({ values: t.list(t.map(t.string, t.u8)) }, t.u32),
});
