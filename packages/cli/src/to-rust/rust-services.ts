import type { DescribedMethod, DescribedService, TypeRef } from "roam/schema";
import { argumentName, methodName, pascalCase, snakeCase, type TakenNames, traitName } from "./rust-names.ts";
import {
  DEFAULT_CREDIT,
  docLines,
  isChannel,
  partsOfAll,
  type Report,
  type RustTypes,
} from "./rust-types.ts";

/** Columns after which arguments stand on lines of their own, as rustfmt has it. */
const MOST_COLUMNS = 100;
/** Functions that the macro gives a client, and a method may not be called. */
const OF_CLIENTS = new Set(["new", "closed", "is_connected"]);

/** Service to the name of its trait. They are given before those of types, for they count. */
export function takeTraitNames(
  services: readonly DescribedService[],
  taken: TakenNames,
  report: Report,
): Map<string, string> {
  const traits = new Map<string, string>();
  for (const { name } of services) {
    const trait = traitName(name);
    if (trait === undefined) {
      report(name, "is no name of a trait in Rust, nor is another with the same id");
      continue;
    }
    const all = [trait, `${trait}Client`, `${trait}Dispatcher`];
    for (const one of all) if (taken.take(one) !== one) report(name, `${one} is taken in Rust`);
    traits.set(name, trait);
  }
  return traits;
}

/** Writes services as traits, and the aliases that their signatures need. */
export class RustServices {
  readonly #types: RustTypes;
  readonly #taken: TakenNames;
  readonly #report: Report;
  readonly #traits: ReadonlyMap<string, string>;
  readonly #aliases: string[] = [];
  /** Initial credit to the module of its channels. */
  readonly #credits = new Map<number, { readonly name: string; readonly words: Set<string> }>();

  constructor(
    traits: ReadonlyMap<string, string>,
    context: { readonly types: RustTypes; readonly taken: TakenNames; readonly report: Report },
  ) {
    this.#traits = traits;
    this.#types = context.types;
    this.#taken = context.taken;
    this.#report = context.report;
  }

  trait({ name, doc, methods }: DescribedService): string {
    const seen = new Map<string, string>();
    const texts = methods.map((method) => {
      const own = methodName(method.name);
      const where = `${name}.${method.name}`;
      const twin = own === undefined ? undefined : seen.get(own);
      if (own === undefined) this.#report(where, "the service macro would make a keyword of it, or no name");
      else if (OF_CLIENTS.has(own)) this.#report(where, "Rust's clients have a function of that name");
      else if (twin !== undefined) this.#report(where, `is ${own} in Rust, as ${twin} is`);
      seen.set(own ?? "", method.name);
      return this.#method(method, own ?? method.name, where);
    });
    const trait = this.#traits.get(name) ?? name;
    return `${docLines(doc)}#[roam::service]\npub trait ${trait} {\n${texts.join("\n")}}\n`;
  }

  /** What the traits refer to. */
  aliases(): string[] {
    const modules = [...this.#credits].map(([credit, { name, words }]) => {
      const types = [...words]
        .sort()
        .map((word) => `    pub type ${word}<T> = roam::${word}<T, ${credit}>;\n`);
      return `/// Channels with an initial credit of ${credit}, which the service macro does not take as an argument.\npub mod ${name} {\n${types.join("")}}\n`;
    });
    return [...modules, ...this.#aliases];
  }

  #method({ args, returns, error, doc }: DescribedMethod, name: string, where: string): string {
    this.#types.checkLength(args.length, where);
    // A parameter cannot have the name of a tuple struct that is in scope.
    const taken = new Set(args.map((arg) => snakeCase(arg.name)).filter((arg) => this.#types.isName(arg)));
    const parameters = args.map((arg) => {
      const type = this.#signature(arg.type, `${where}(${arg.name})`, `${name}_${arg.name}`);
      // No doc comment: macros see those, and parameters may not have them.
      return { doc: docLines(arg.doc, "        ", "//"), text: `${argumentName(arg.name, taken)}: ${type}` };
    });
    const answer = this.#answer(returns, error, where, name);
    const short = ["&self", ...parameters.map(({ text }) => text)].join(", ");
    let line = `    async fn ${name}(${short})${answer};\n`;
    if (line.length > MOST_COLUMNS + 1 || parameters.some((one) => one.doc !== "")) {
      const lines = parameters.map((one) => `${one.doc}        ${one.text},\n`);
      line = `    async fn ${name}(\n        &self,\n${lines.join("")}    )${answer};\n`;
    }
    return docLines(doc, "    ") + line;
  }

  #answer(returns: TypeRef, error: TypeRef | undefined, where: string, name: string): string {
    if (error !== undefined) {
      const ok = this.#signature(returns, where, `${name}_ok`);
      return ` -> Result<${ok}, ${this.#signature(error, where, `${name}_error`)}>`;
    }
    if (returns === "unit") return "";
    // The macro would take the word for the method's own error.
    if (typeof returns !== "string" && "result" in returns) {
      return ` -> ${this.#alias(this.#types.ref(returns, where), `${name}_answer`)}`;
    }
    return ` -> ${this.#signature(returns, where, `${name}_answer`)}`;
  }

  /** A type as the macro takes it: without arrays, slices and numbers, and with channels in sight. */
  #signature(ref: TypeRef, where: string, name: string): string {
    const parts = partsOfAll(ref);
    const isHidden = !parts.some(isChannel) && this.#types.hasChannel(ref);
    const isRefused = parts.some(
      (one) => one === "byteSlice" || (typeof one !== "string" && ("array" in one || "slice" in one)),
    );
    if (isHidden || (isRefused && parts.some(isChannel))) return this.#channelAlias(ref, where, name);
    if (isRefused) return this.#alias(this.#types.ref(ref, where), name);
    // The number of a credit moves into the name of a module.
    const channel = (word: string, item: string, credit: number) =>
      credit === DEFAULT_CREDIT ? undefined : `${this.#creditModule(credit, word)}::${word}<${item}>`;
    return this.#types.ref(ref, where, { channel });
  }

  #alias(type: string, name: string): string {
    const alias = this.#taken.take(pascalCase(name));
    this.#aliases.push(`pub type ${alias} = ${type};\n`);
    return alias;
  }

  /** Under the name of a channel, for the macro binds those of arguments that it knows by that name. */
  #channelAlias(ref: TypeRef, where: string, name: string): string {
    const module = this.#taken.take(snakeCase(name));
    // In the module the alias hides the type of its name.
    const channel = (word: string, item: string, credit: number) => `roam::${word}<${item}, ${credit}>`;
    const type = this.#types.ref(ref, where, { channel });
    this.#aliases.push(
      `/// Holds channels: the service macro binds those only that it sees by their name.\npub mod ${module} {\n    #[allow(unused_imports)]\n    use super::*;\n    pub type Tx = ${type};\n}\n`,
    );
    return `${module}::Tx`;
  }

  #creditModule(credit: number, word: string): string {
    let module = this.#credits.get(credit);
    if (module === undefined) {
      module = { name: this.#taken.take(`credit_${credit}`), words: new Set() };
      this.#credits.set(credit, module);
    }
    module.words.add(word);
    return module.name;
  }
}
