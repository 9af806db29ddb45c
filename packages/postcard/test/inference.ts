// Checked by the compiler alone: what types the values of a schema have.
import { encode, type Infer, type Result, type Schema, t } from "roam-postcard";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Compiles only if the schema's values are of type `T`, no wider and no narrower. */
function valuesAre<T>() {
  return <S extends Schema>(
    _schema: S,
    ..._same: Same<Flat<Infer<S>>, Flat<T>> extends true ? [] : [never]
  ): void => {};
}
/** Intersections of objects, written as one. */
type Flat<T> = T extends Uint8Array | Map<unknown, unknown> | Set<unknown> | readonly unknown[]
  ? T
  : T extends object
    ? { [K in keyof T]: T[K] }
    : T;

valuesAre<number>()(t.u8);
valuesAre<number>()(t.f64);
valuesAre<bigint>()(t.u64);
valuesAre<bigint>()(t.i128);
valuesAre<number>()(t.u64.asNumber);
valuesAre<boolean>()(t.bool);
valuesAre<string>()(t.char);
valuesAre<Uint8Array>()(t.bytes);
valuesAre<Uint8Array>()(t.byteSlice);
valuesAre<undefined>()(t.unit);
valuesAre<undefined>()(t.unitStruct("U"));
valuesAre<string[]>()(t.list(t.string));
valuesAre<string[]>()(t.slice(t.string));
valuesAre<number[]>()(t.array(t.u8, 3));
valuesAre<Set<bigint>>()(t.set(t.u64));
valuesAre<Map<string, boolean[]>>()(t.map(t.string, t.list(t.bool)));
valuesAre<[number, string, undefined]>()(t.tuple([t.u8, t.string, t.unit]));
valuesAre<[]>()(t.tuple([]));
valuesAre<[number, string]>()(t.tupleStruct("T", [t.u8, t.string]));
valuesAre<bigint>()(t.newtype("Id", t.u64));
valuesAre<bigint>()(t.transparent("Id", t.u64));
valuesAre<Result<number, string>>()(t.result(t.u8, t.string));

valuesAre<number | null>()(t.option(t.u8));
valuesAre<undefined | null>()(t.option(t.unit));
valuesAre<{ some: number | null } | null>()(t.option(t.option(t.u8)));
valuesAre<{ some: { some: number | null } | null } | null>()(t.option(t.option(t.option(t.u8))));
valuesAre<{ some: number | null } | null>()(t.option(t.transparent("T", t.option(t.u8))));

valuesAre<{ id: bigint; lines: string[]; paid: boolean }>()(
  t.struct("Invoice", { id: t.u64, lines: t.list(t.string), paid: t.bool }),
);
valuesAre<"NotFound" | "AccessDenied">()(t.enum("LookupError", { NotFound: t.unit, AccessDenied: t.unit }));
valuesAre<
  | { tag: "Circle"; radius: number }
  | { tag: "Label"; value: string }
  | { tag: "Pair"; value: [number, string] }
  | { tag: "Only"; value: number }
  | { tag: "Unit"; value: undefined }
  | { tag: "Empty" }
>()(
  t.enum("Shape", {
    Circle: { radius: t.f64 },
    Label: t.string,
    Pair: [t.u8, t.string],
    Only: [t.u8],
    Unit: [t.unit],
    Empty: t.unit,
  }),
);
valuesAre<{ kind: "A"; tag: number } | { kind: "B" }>()(
  t.enum("Tagged", { A: { tag: t.u8 }, B: t.unit }, { tag: "kind" }),
);

interface Tree {
  value: number;
  children: Tree[];
}
const Tree: Schema<Tree> = t.struct("Tree", { value: t.u32, children: t.list(t.lazy(() => Tree)) });
encode(Tree, { value: 1, children: [{ value: 2, children: [] }] });

// @ts-expect-error a string is no u8
encode(t.u8, "1");
// @ts-expect-error a number is no u64
encode(t.u64, 1);
// @ts-expect-error a field is missing
encode(t.struct("S", { x: t.u8, y: t.u8 }), { x: 1 });
// @ts-expect-error no such variant
encode(t.enum("E", { A: t.unit }), "B");
// @ts-expect-error the payload of another variant
encode(t.enum("E", { A: t.u8, B: t.string }), { tag: "A", value: "x" });
// @ts-expect-error an item too few
encode(t.tuple([t.u8, t.u8]), [1]);
// @ts-expect-error a schema of another type
Tree satisfies Schema<string>;
