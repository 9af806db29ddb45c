// What the compiler infers is checked when the tests are compiled: a wrong type here is an error there.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  type Call,
  type CallContext,
  type CallError,
  type CallResult,
  type Client,
  type Handlers,
  method,
  type Rx,
  type Source,
  service,
  type Tx,
  t,
} from "roam";
import { startServer, useIt } from "./billing-example.ts";
import { pairOf } from "./harness.ts";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Takes<F extends (...args: never[]) => unknown, A extends unknown[]> =
  A extends Parameters<F> ? true : false;
/** Fails to compile unless every member is `true`. */
function holds<_All extends Readonly<Record<string, true>>>(): void {}

const Point = t.struct("Point", { x: t.i32, y: t.i32 });
const Shapes = service("Shapes", {
  ping: method({}),
  area: method({ at: Point, wide: t.u64, narrow: t.u64.asNumber, label: t.option(t.string) }, t.f64),
  move: method({ at: Point }, Point, t.enum("MoveError", { Blocked: t.unit, Far: { by: t.u32 } })),
  paint: method(
    { colors: t.rx(t.enum("Color", { Red: t.unit, Blue: t.unit })), out: t.tx(t.bytes, 4) },
    t.u32,
  ),
  log: method({ lines: t.option(t.tx(t.string)) }),
  swap: method({ pair: t.tuple([t.i32, t.string]) }, t.tuple([t.string, t.i32])),
});
type ShapesClient = Client<(typeof Shapes)["methods"]>;
type ShapesHandlers = Handlers<(typeof Shapes)["methods"]>;
type PointValue = { x: number; y: number };
type MoveError = { tag: "Blocked" } | ({ tag: "Far" } & { by: number });

holds<{
  noArguments: Takes<ShapesClient["ping"], []>;
  unit: Same<Awaited<ReturnType<ShapesClient["ping"]>>, undefined>;
  plainArguments: Takes<
    ShapesClient["area"],
    [{ at: PointValue; wide: bigint; narrow: number; label: string | null }]
  >;
  number: Same<Awaited<ReturnType<ShapesClient["area"]>>, number>;
  struct: Same<Awaited<ReturnType<ShapesClient["move"]>>, PointValue>;
  tuple: Same<Awaited<ReturnType<ShapesClient["swap"]>>, [string, number]>;
  callOptions: Takes<
    ShapesClient["move"],
    [{ at: PointValue }, { signal: AbortSignal; timeoutMs: number; inherit: false }]
  >;
}>();

// Wrong calls are refused.
type No<T extends false> = T extends false ? true : never;
holds<{
  missing: No<Takes<ShapesClient["area"], [{ at: PointValue }]>>;
  none: No<Takes<ShapesClient["move"], []>>;
  wrongNumber: No<
    Takes<ShapesClient["area"], [{ at: PointValue; wide: number; narrow: number; label: null }]>
  >;
  wrongItems: No<Takes<ShapesClient["paint"], [{ colors: number[] }]>>;
  wrongHandle: No<Takes<ShapesClient["paint"], [{ out: Rx<Uint8Array> }]>>;
  noMethod: No<"paints" extends keyof ShapesClient ? true : false>;
}>();

// Channels: left out, given as items, given as handles.
type Paint = ReturnType<ShapesClient["paint"]>;
holds<{
  leftOut: Takes<ShapesClient["paint"], []>;
  items: Takes<ShapesClient["paint"], [{ colors: ("Red" | "Blue")[] }]>;
  asyncItems: Takes<ShapesClient["paint"], [{ colors: AsyncGenerator<"Red"> }]>;
  handles: Takes<ShapesClient["paint"], [{ colors: Rx<"Red" | "Blue">; out: Tx<Uint8Array> }]>;
  source: Same<Source<number>, Iterable<number> | AsyncIterable<number>>;
  value: Same<Awaited<Paint>, number>;
  nearTx: Same<Paint["colors"], Tx<"Red" | "Blue">>;
  nearRx: Same<Paint["out"], Rx<Uint8Array>>;
  isCall: Paint extends Call<infer _, number> ? true : false;
  nested: Takes<ShapesClient["log"], [{ lines: Tx<string> | null }]>;
  nestedIsNoSugar: No<"lines" extends keyof ReturnType<ShapesClient["log"]> ? true : false>;
}>();

// Errors: typed in a result, not in a throw.
type Moved = Awaited<ReturnType<ShapesClient["move"]["result"]>>;
holds<{
  result: Same<Moved, CallResult<PointValue, MoveError>>;
  detail: Same<Extract<Moved, { ok: false }>["error"], CallError<MoveError>>;
  infallible: Same<
    Extract<Awaited<ReturnType<ShapesClient["ping"]["result"]>>, { ok: false }>["error"]["detail"],
    never
  >;
}>();

// Handlers.
holds<{
  arguments: Same<Parameters<ShapesHandlers["move"]>, [args: { at: PointValue }, call: CallContext]>;
  receives: Same<Parameters<ShapesHandlers["paint"]>[0]["colors"], Rx<"Red" | "Blue">>;
  sends: Same<Parameters<ShapesHandlers["paint"]>[0]["out"], Tx<Uint8Array>>;
  option: Same<Parameters<ShapesHandlers["log"]>[0]["lines"], Tx<string> | null>;
  sync: (() => number) extends ShapesHandlers["paint"] ? true : false;
  async: (() => Promise<number>) extends ShapesHandlers["paint"] ? true : false;
  nothing: (() => void) extends ShapesHandlers["ping"] ? true : false;
  nothingLater: (() => Promise<void>) extends ShapesHandlers["ping"] ? true : false;
  wrongReturn: No<(() => string) extends ShapesHandlers["paint"] ? true : false>;
  missingReturn: No<(() => void) extends ShapesHandlers["paint"] ? true : false>;
  missingHandler: No<Pick<ShapesHandlers, "ping"> extends ShapesHandlers ? true : false>;
  credit: No<((args: { out: Rx<Uint8Array> }) => number) extends ShapesHandlers["paint"] ? true : false>;
}>();

suite("a service's types", () => {
  // r[verify service-macro.is-source-of-truth]
  test("the example of the documentation compiles and runs", async () => {
    await using server = await startServer("tcp://127.0.0.1:0");
    const shown: unknown[] = [];
    const used = await useIt(server.address, new AbortController().signal, (invoice) => shown.push(invoice));
    assert.deepEqual(used.invoice, { id: 7n, lines: ["tea"], paid: false });
    assert.equal(used.total, 6n);
    assert.deepEqual(shown, [used.invoice]);
    assert(!used.missing.ok);
    const detail: "NotFound" | "AccessDenied" = used.missing.error.detail;
    assert.equal(detail, "NotFound");
  });

  // r[verify rpc.fallible.caller-signature]
  test("values are of the types that the compiler promises", async () => {
    await using pair = await pairOf(Shapes, {
      ping: () => {},
      area: ({ at, wide, narrow, label }) => at.x * at.y + Number(wide) + narrow + (label?.length ?? 0),
      move: ({ at }) => ({ x: at.y, y: at.x }),
      paint: async ({ colors, out }) => {
        let count = 0;
        for await (const color of colors) {
          await out.send(Uint8Array.of(color === "Red" ? 1 : 2));
          count++;
        }
        return count;
      },
      log: async ({ lines }) => lines?.send("a"),
      swap: ({ pair: [number, text] }) => [text, number],
    });
    const { client } = pair;
    assert.equal(await client.ping(), undefined);
    assert.equal(await client.area({ at: { x: 2, y: 3 }, wide: 4n, narrow: 5, label: "abc" }), 18);
    assert.deepEqual(await client.move({ at: { x: 1, y: 2 } }), { x: 2, y: 1 });
    assert.deepEqual(await client.swap({ pair: [1, "a"] }), ["a", 1]);
    const painting = client.paint({ colors: ["Red", "Blue"] });
    const painted: number[] = [];
    for await (const bytes of painting.out) painted.push(...bytes);
    assert.deepEqual([await painting, painted], [2, [1, 2]]);
    await client.log({ lines: null });
  });
});
