import type { TypeRef } from "roam/schema";
import type { Node } from "../tree-sitter.ts";
import type { Place } from "./finding.ts";
import { argumentsOf } from "./generics.ts";
import { type Item, type Module, segmentsOf } from "./modules.ts";
import type { Meaning } from "./names.ts";
import type { Scope } from "./scope.ts";
import { typeText } from "./type-text.ts";

/** What types are told by. */
export interface TypeSource {
  of(node: Node, scope: Scope): TypeRef;
  resolve(segments: readonly string[], module: Module): Meaning | undefined;
  /** The scope inside an item with these arguments. */
  inside(item: Item, args: readonly Place[], scope: Scope, place: Place): Scope;
}

/** The text of a type that is a pointer begins so. */
export const POINTER = /^(&|boxed::Box<|sync::Arc<|rc::Rc<|borrow::Cow<)/;

/**
 * A type told from all others as Rust tells it, pointers and collections by their own names. What is
 * sent alike need not be one type, and the difference shows: where a type is inside itself, which is a
 * back-reference in signatures, and where a list is one of plain bytes.
 *
 * @throws Unknowable
 */
export function exactType(node: Node, scope: Scope, source: TypeSource): string {
  const type = source.of(node, scope);
  const exact = (inner: Node) => exactType(inner, scope, source);
  const parts = node.namedChildren.filter((one): one is Node => one !== null && !/comment/.test(one.type));
  const last = parts.at(-1);
  switch (node.type) {
    case "reference_type":
      return last === undefined ? typeText(type) : `&${exact(last)}`;
    case "tuple_type":
      // In parentheses without a comma it is the type itself.
      if (parts.length === 1 && last !== undefined && !isTuple(type)) return exact(last);
      return `(${parts.map(exact).join(", ")},)`;
    case "array_type": {
      const element = node.childForFieldName("element");
      if (element === null) return typeText(type);
      return typeof type === "object" && "array" in type
        ? `[${exact(element)}; ${type.length}]`
        : `[${exact(element)}]`;
    }
    case "type_identifier":
    case "scoped_type_identifier":
    case "generic_type":
      return exactPath(node, scope, source) ?? typeText(type);
    default:
      return typeText(type);
  }
}

/** Undefined for what the key of its type tells, or its text. */
function exactPath(node: Node, scope: Scope, source: TypeSource): string | undefined {
  const segments = segmentsOf(node);
  const [first = ""] = segments;
  if (segments.length === 1 && scope.types.has(first)) return scope.exact.get(first);
  const meaning = source.resolve(segments, scope.module);
  const args = argumentsOf(node, scope.file);
  if (meaning?.kind === "std") {
    const inside = args.map((arg) => exactType(arg.node, { ...scope, file: arg.file }, source));
    return `${meaning.path}<${inside.join(", ")}>`;
  }
  if (meaning?.kind !== "item" || meaning.item.kind !== "alias") return undefined;
  const target = meaning.item.node.childForFieldName("type");
  if (target === null) return undefined;
  const inner = source.inside(meaning.item, args, scope, { file: scope.file, node });
  return exactType(target, inner, source);
}

function isTuple(type: TypeRef): boolean {
  return typeof type === "object" && "tuple" in type;
}
