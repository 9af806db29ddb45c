import { method, service, t } from "roam";

/** What the session under test serves and calls: every kind of outcome, and channels both ways. */
export const Script = service("Script", {
  echo: method({ n: t.u32 }, t.u32),
  fail: method({ n: t.u32 }, t.u32, t.string),
  hold: method({ n: t.u32 }, t.u32, t.string),
  pull: method({ input: t.rx(t.u32, 4) }, t.u32),
  push: method({ output: t.tx(t.u32, 3) }, t.u32),
  duplex: method({ input: t.rx(t.u32, 2), output: t.tx(t.u32, 1) }, t.u32),
  perhaps: method({ input: t.option(t.rx(t.u32, 5)) }, t.u32),
});

export type ScriptMethod = keyof typeof Script.methods;

/** A channel in a method's arguments: its direction as seen by the handler. */
export interface ScriptChannel {
  readonly name: "input" | "output";
  readonly direction: "rx" | "tx";
  readonly credit: number;
}

/** The service as the model knows it: nothing here is asked of the code under test. */
export const CHANNELS: Readonly<Record<ScriptMethod, readonly ScriptChannel[]>> = {
  echo: [],
  fail: [],
  hold: [],
  pull: [{ name: "input", direction: "rx", credit: 4 }],
  push: [{ name: "output", direction: "tx", credit: 3 }],
  duplex: [
    { name: "input", direction: "rx", credit: 2 },
    { name: "output", direction: "tx", credit: 1 },
  ],
  perhaps: [{ name: "input", direction: "rx", credit: 5 }],
};

export const METHOD_NAMES = Object.keys(CHANNELS) as ScriptMethod[];

/** The largest initial credit above. */
export const MOST_CREDIT = 5;

/** Method ids by name. */
export const METHOD_IDS = new Map(
  [...Script.descriptors()].map(([name, { id }]) => [name as ScriptMethod, id] as const),
);
