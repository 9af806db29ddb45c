import type { Node } from "../tree-sitter.ts";
import { type Place, Unknowable } from "./finding.ts";

/**
 * Refuses a method that the service macro would not take: it reads `&self`, plain names, and types made of
 * paths, references and tuples; anything else is fine behind an alias.
 *
 * @throws Unknowable
 */
export function checkShape(method: Node, place: Place): void {
  const { file } = place;
  const parameters = (method.childForFieldName("parameters")?.namedChildren ?? []).filter(
    (node): node is Node => node !== null && !/comment|attribute_item/.test(node.type),
  );
  const [receiver, ...rest] = parameters;
  if (receiver?.type !== "self_parameter" || !/^&\s*(mut\s+)?self$/.test(receiver.text)) {
    throw new Unknowable(place, "the service macro wants &self first");
  }
  for (const parameter of rest) {
    const pattern = parameter.childForFieldName("pattern");
    if (parameter.type !== "parameter" || pattern?.type !== "identifier") {
      throw new Unknowable(
        { file, node: parameter },
        `the service macro wants "name: Type", not ${parameter.text}`,
      );
    }
    checkType(parameter.childForFieldName("type"), file);
  }
  checkType(method.childForFieldName("return_type"), file);
}

const TAKEN = new Set([
  "primitive_type",
  "type_identifier",
  "scoped_type_identifier",
  "generic_type",
  "reference_type",
  "tuple_type",
  "unit_type",
]);
const INSIDE = new Set(["lifetime", "mutable_specifier", "line_comment", "block_comment"]);

function checkType(type: Node | null, file: string): void {
  if (type === null) return;
  if (!TAKEN.has(type.type)) {
    const hint = `give it a name: type Name = ${type.text};`;
    throw new Unknowable(
      { file, node: type },
      `the service macro does not take ${type.text} in a signature`,
      hint,
    );
  }
  if (type.type.endsWith("_identifier")) return;
  const parts = type.type === "generic_type" ? type.childForFieldName("type_arguments") : type;
  for (const part of parts?.namedChildren ?? []) {
    if (part !== null && !INSIDE.has(part.type)) checkType(part, file);
  }
}
