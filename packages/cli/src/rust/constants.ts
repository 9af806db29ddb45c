import type { Node } from "../tree-sitter.ts";
import { type Place, Unknowable } from "./finding.ts";
import { type Module, segmentsOf } from "./modules.ts";
import type { Names } from "./names.ts";

/** Constants that lead to themselves end here. */
const MAX_DEPTH = 32;

export type Parameters = ReadonlyMap<string, number>;

/** Numbers in types: literals, `const` items, associated constants, and sums of them. */
export class Constants {
  readonly #names: Names;

  constructor(names: Names) {
    this.#names = names;
  }

  /**
   * @param parameters const parameters in scope
   * @throws Unknowable for what only the compiler can work out
   */
  value(place: Place, module: Module, parameters: Parameters): number {
    try {
      return this.#value(place, module, parameters, 0);
    } catch (error) {
      // Told where the number is used: a constant is no mistake by itself.
      throw error instanceof Unknowable ? unknown(place) : error;
    }
  }

  #value(place: Place, module: Module, parameters: Parameters, depth: number): number {
    const { node, file } = place;
    const again = (inner: Node | null): number => {
      if (inner === null) throw unknown(place);
      return this.#value({ file, node: inner }, module, parameters, depth + 1);
    };
    if (depth > MAX_DEPTH) throw unknown(place);
    switch (node.type) {
      case "integer_literal":
        return literal(node.text) ?? fail(place);
      case "block":
      case "parenthesized_expression":
      case "expression_statement":
        return again(node.namedChild(0));
      case "type_cast_expression":
        return again(node.childForFieldName("value"));
      case "binary_expression": {
        const operator = node.childForFieldName("operator")?.text ?? "";
        const [left, right] = [again(node.childForFieldName("left")), again(node.childForFieldName("right"))];
        return calculated(operator, left, right) ?? fail(place);
      }
      case "identifier":
      case "type_identifier":
      case "scoped_identifier":
      case "scoped_type_identifier":
        return this.#named(place, module, parameters, depth);
      default:
        throw unknown(place);
    }
  }

  #named(place: Place, module: Module, parameters: Parameters, depth: number): number {
    const segments = segmentsOf(place.node);
    const [first = ""] = segments;
    const parameter = segments.length === 1 ? parameters.get(first) : undefined;
    if (parameter !== undefined) return parameter;
    const meaning = this.#names.resolve(segments, module, "values");
    if (meaning?.kind === "item") {
      const { item } = meaning;
      const value = item.node.childForFieldName("value");
      if (item.kind === "const" && value !== null) {
        return this.#value({ file: item.file, node: value }, item.module, new Map(), depth + 1);
      }
    }
    return this.#associated(segments, module, depth) ?? fail(place);
  }

  /** `Type::NAME`, from an `impl` beside the type. */
  #associated(segments: readonly string[], module: Module, depth: number): number | undefined {
    const name = segments.at(-1);
    const owner = segments.length < 2 ? undefined : this.#names.resolve(segments.slice(0, -1), module);
    if (owner?.kind !== "item") return undefined;
    for (const home of owner.item.module.crate.modules) {
      for (const { file, node } of home.impls) {
        const type = node.childForFieldName("type");
        const meaning = this.#names.resolve(segmentsOf(type), home);
        if (meaning?.kind !== "item" || meaning.item !== owner.item) continue;
        const constant = node
          .childForFieldName("body")
          ?.namedChildren.find(
            (one) => one?.type === "const_item" && one.childForFieldName("name")?.text === name,
          );
        const value = constant?.childForFieldName("value");
        if (value) return this.#value({ file, node: value }, home, new Map(), depth + 1);
      }
    }
    return undefined;
  }
}

function literal(text: string): number | undefined {
  const digits = text.replaceAll("_", "").replace(/[ui](8|16|32|64|128|size)$/, "");
  const value = Number(digits);
  return Number.isSafeInteger(value) ? value : undefined;
}

function calculated(operator: string, left: number, right: number): number | undefined {
  const values: Readonly<Record<string, number>> = {
    "+": left + right,
    "-": left - right,
    "*": left * right,
    "/": Math.trunc(left / right),
    "%": left % right,
    "<<": left * 2 ** right,
    ">>": Math.floor(left / 2 ** right),
  };
  const value = values[operator];
  return value !== undefined && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function unknown(place: Place): Unknowable {
  return new Unknowable(
    place,
    `the value of ${place.node.text} is not known without the compiler`,
    WRITE_OUT,
  );
}

function fail(place: Place): never {
  throw unknown(place);
}

const WRITE_OUT = "write the number, or a const item that is one";
