import type { Node } from "../tree-sitter.ts";
import { plainName } from "./attributes.ts";
import type { Place } from "./finding.ts";
import type { Item, Module } from "./modules.ts";

/** Where an item is declared: `crate::module::Name`. */
export function pathOf({ module, name }: Item): string {
  const names = [name];
  for (let at: Module | undefined = module; at?.parent !== undefined; at = at.parent) names.unshift(at.name);
  return [module.crate.name, ...names].join("::");
}

/** Generic arguments, lifetimes left out. */
export function argumentsOf(node: Node, file: string): Place[] {
  const list = node.childForFieldName("type_arguments");
  return (list?.namedChildren ?? []).flatMap((child) =>
    child === null || /^(lifetime|line_comment|block_comment)$/.test(child.type)
      ? []
      : [{ file, node: child }],
  );
}

export interface Parameter {
  readonly name: string;
  readonly isNumber: boolean;
  readonly preset: Node | undefined;
}

/** Generic parameters, lifetimes left out. */
export function parametersOf(node: Node): Parameter[] {
  const list = node.childForFieldName("type_parameters");
  return (list?.namedChildren ?? []).flatMap((child): Parameter[] => {
    if (child === null) return [];
    const isNumber = child.type === "const_parameter";
    const name = child.childForFieldName("name") ?? child.childForFieldName("left") ?? child;
    if (
      !/^(type_identifier|type_parameter|constrained_type_parameter|optional_type_parameter|const_parameter)$/.test(
        child.type,
      )
    ) {
      return [];
    }
    const text = name.childForFieldName?.("left")?.text ?? name.text;
    const preset = child.childForFieldName("default_type") ?? child.childForFieldName("value") ?? undefined;
    return [{ name: plainName(text), isNumber, preset }];
  });
}
