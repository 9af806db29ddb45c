import {
  type DescribedField,
  type DescribedMethod,
  type DescribedService,
  methodId,
  type TypeRef,
} from "roam/schema";
import type { Node } from "../tree-sitter.ts";
import { inFrontOf, plainName } from "./attributes.ts";
import { docOf } from "./docs.ts";
import { type Finding, findingAt, Unknowable } from "./finding.ts";
import { checkShape } from "./macro-grammar.ts";
import type { Item } from "./modules.ts";
import type { Names } from "./names.ts";
import { signaturesOf } from "./signatures.ts";
import type { Types } from "./types.ts";

/** A trait of the service macro, and what its methods come to. */
export interface RustService {
  readonly item: Item;
  readonly described: DescribedService;
}

/** Methods that cannot be described, by why. */
export class LeftOut {
  readonly #methods = new Map<Unknowable, string[]>();

  add(why: Unknowable, method: string): void {
    const known = this.#methods.get(why);
    if (known === undefined) this.#methods.set(why, [method]);
    else known.push(method);
  }

  get findings(): Finding[] {
    return [...this.#methods].map(([{ place, message, hint }, methods]) =>
      findingAt(place, "error", `${message}; left out: ${methods.join(", ")}`, hint),
    );
  }
}

/** Whether a trait is a service: `#[roam::service]` by whatever name it has here. */
export function isService({ attributes, module }: Item, names: Names): boolean {
  return attributes.some(({ path }) => {
    const segments = path.split("::").map(plainName);
    if (path === "" || !/^[\w:#]+$/.test(path)) return false;
    const meaning = names.resolve(segments, module);
    return meaning?.kind === "foreign" && /^roam(_|$)/.test(meaning.crate) && meaning.path === "service";
  });
}

/** The methods of a trait; those that cannot be described are left out, and told. */
export function describeService(item: Item, types: Types, leftOut: LeftOut): RustService {
  const rawName = item.node.childForFieldName("name")?.text ?? item.name;
  const body = item.node.childForFieldName("body");
  const seen = new Map<string, string>();
  const names = new Set<string>();
  const methods = (body?.namedChildren ?? []).flatMap((node): DescribedMethod[] => {
    if (node === null || !/^function_(signature_)?item$/.test(node.type)) return [];
    const name = methodName(node.childForFieldName("name")?.text ?? "");
    try {
      if (names.has(name)) throw new Unknowable({ file: item.file, node }, `a second method called ${name}`);
      names.add(name);
      const method = describeMethod(node, rawName.normalize("NFC"), item, types);
      const twin = seen.get(method.id);
      if (twin !== undefined) {
        throw new Unknowable(
          { file: item.file, node },
          `${name} has the id of ${twin}: their names are one in kebab case`,
        );
      }
      seen.set(method.id, name);
      return [method];
    } catch (error) {
      if (!(error instanceof Unknowable)) throw error;
      leftOut.add(error, `${item.name}.${name}`);
      return [];
    }
  });
  return { item, described: { name: item.name, ...docOf(item.front), methods } };
}

function describeMethod(node: Node, service: string, { module, file }: Item, types: Types): DescribedMethod {
  const place = { file, node };
  const raw = (node.childForFieldName("name")?.text ?? "").normalize("NFC");
  const isAsync = node.namedChildren.some(
    (child) => child?.type === "function_modifiers" && /\basync\b/.test(child.text),
  );
  if (!isAsync || node.type === "function_item") {
    throw new Unknowable(place, `the service macro wants "async fn ${raw}(&self, …);"`);
  }
  checkShape(node, place);
  const parameters = node.childForFieldName("parameters")?.namedChildren ?? [];
  const names = new Set<string>();
  const args = parameters.flatMap((parameter): DescribedField[] => {
    if (parameter?.type !== "parameter") return [];
    const type = parameter.childForFieldName("type");
    if (type === null) return [];
    const name = plainName(parameter.childForFieldName("pattern")?.text ?? "");
    if (names.has(name)) throw new Unknowable({ file, node: parameter }, `a second argument called ${name}`);
    names.add(name);
    return [{ name, type: types.inSignature({ file, node: type }, module) }];
  });
  const returned = node.childForFieldName("return_type");
  const whole: TypeRef = returned === null ? "unit" : types.inSignature({ file, node: returned }, module);
  const answer = answerOf(returned, whole, file);
  const signature = signaturesOf({ args, returns: whole }, types, place);
  const id = methodId(service, raw, signature).toString(16).padStart(16, "0");
  return { name: methodName(raw), ...docOf(inFrontOf(node)), id, args, ...answer };
}

/** By its spelling, as the macro has it: `Result` with two arguments is fallible, nothing else is. */
function answerOf(node: Node | null, whole: TypeRef, file: string): { returns: TypeRef; error?: TypeRef } {
  if (node?.type !== "generic_type") return { returns: whole };
  const name = node.childForFieldName("type");
  const args = node
    .childForFieldName("type_arguments")
    ?.namedChildren.filter((one) => !/comment/.test(one?.type ?? ""));
  const last = name?.childForFieldName("name") ?? name;
  if (last?.text !== "Result" || args?.length !== 2) return { returns: whole };
  if (typeof whole === "string" || !("result" in whole)) {
    const hint =
      "give the type another name: the service macro takes every Result of two types for the standard one";
    throw new Unknowable({ file, node }, "a Result that is none of the standard library", hint);
  }
  return { returns: whole.result[0], error: whole.result[1] };
}

/** The macro hashes and names `r#match` as `r_match`. */
function methodName(text: string): string {
  return text.replace(/^r#/, "r_").normalize("NFC");
}
