import type { ArgDefinition, CommandDefinition, Completes, OptionDefinition } from "../command.ts";
import { URL_SCHEMES } from "../url.ts";
import type { TypedLine } from "./typed-line.ts";

/** What may stand at the cursor. */
export interface Candidates {
  /** Left to the shell, which knows how. */
  readonly paths: "files" | "directories" | "none";
  readonly items: readonly Candidate[];
}

export interface Candidate {
  readonly value: string;
  readonly about: string;
}

/** Methods, and arguments of one, as far as they can be had at once. */
export interface KnownMethods {
  methods(): Promise<readonly Candidate[]>;
  argsOf(method: string): Promise<readonly Candidate[]>;
}

const NOTHING: Candidates = { paths: "none", items: [] };
const COMMON: readonly OptionDefinition[] = [
  { flags: "--json", about: "write JSON for programs" },
  { flags: "-h, --help", about: "print the command's help" },
];

/**
 * @param known looks for the methods of a call that is being typed, by its options and arguments
 */
export async function candidatesFor(
  { words: [, ...words], current }: TypedLine,
  commands: readonly CommandDefinition[],
  known: (place: Place) => KnownMethods,
): Promise<Candidates> {
  const [name, ...rest] = words;
  const shown = commands.filter(({ isHidden }) => !isHidden);
  if (name === undefined) {
    const items = current.startsWith("-") ? [ABOUT_VERSION, ABOUT_HELP] : shown.map(commandItem);
    return startingWith(current, { paths: "none", items });
  }
  const command = commands.find((one) => one.name === name);
  if (command === undefined) return NOTHING;
  const place = placeIn(command, rest);
  const [, flag, typed] = /^(--[^=]+)=([\s\S]*)$/.exec(current) ?? [];
  if (flag !== undefined && typed !== undefined) {
    const found = valuesOf(optionNamed(command, flag), shown);
    return startingWith(current, { ...found, items: found.items.map(withPrefix(`${flag}=`)) });
  }
  if (place.option !== undefined) return startingWith(current, valuesOf(place.option, shown));
  if (current.startsWith("-") && !place.isLiteral) {
    return startingWith(current, { paths: "none", items: await optionItems(command, place, known(place)) });
  }
  return startingWith(current, await argValues(place, shown, known(place)));
}

/** Where in a command's line the cursor is. */
export interface Place {
  /** Whose value comes next. */
  readonly option: OptionDefinition | undefined;
  /** The argument that comes next. */
  readonly arg: ArgDefinition | undefined;
  readonly given: readonly string[];
  readonly options: Readonly<Record<string, string>>;
  /** Behind `--` nothing is an option of ours. */
  readonly isLiteral: boolean;
}

function placeIn(command: CommandDefinition, words: readonly string[]): Place {
  const given: string[] = [];
  const options: Record<string, string> = {};
  let option: OptionDefinition | undefined;
  let isLiteral = false;
  for (const word of words) {
    if (option !== undefined) {
      options[longOf(option)] = word;
      option = undefined;
    } else if (!isLiteral && word === "--") isLiteral = true;
    else if (!isLiteral && word.startsWith("-")) {
      const [flag = word, ...value] = word.split("=");
      const found = optionNamed(command, flag);
      if (found !== undefined && value.length > 0) options[longOf(found)] = value.join("=");
      else if (found !== undefined && takesValue(found)) option = found;
    } else given.push(word);
  }
  const last = command.args.at(-1);
  const arg = command.args[given.length] ?? (last?.form.includes("...") ? last : undefined);
  return { option, arg, given, options, isLiteral };
}

async function argValues(
  { arg }: Place,
  commands: readonly CommandDefinition[],
  known: KnownMethods,
): Promise<Candidates> {
  if (arg?.complete === "method") return { paths: "none", items: await known.methods() };
  return arg === undefined ? NOTHING : valuesOf(arg, commands);
}

async function optionItems(
  command: CommandDefinition,
  place: Place,
  known: KnownMethods,
): Promise<Candidate[]> {
  const [, method] = place.given;
  const own = command.takesAnyOption && method !== undefined ? await known.argsOf(method) : [];
  const options = [...command.options, ...COMMON].filter(({ isHidden }) => !isHidden);
  return [...own, ...options.map((option) => ({ value: longOf(option), about: option.about }))];
}

function valuesOf(
  definition: { readonly choices?: readonly string[]; readonly complete?: Completes } | undefined,
  commands: readonly CommandDefinition[],
): Candidates {
  if (definition === undefined) return NOTHING;
  const { choices, complete = "files" } = definition;
  if (choices !== undefined) return { paths: "none", items: choices.map((value) => ({ value, about: "" })) };
  switch (complete) {
    case "files":
    case "directories":
      return { paths: complete, items: [] };
    case "commands":
      return { paths: "none", items: commands.map(commandItem) };
    case "url":
      return {
        paths: "files",
        items: URL_SCHEMES.map((scheme) => ({ value: URL_STARTS[scheme], about: "" })),
      };
    default:
      return NOTHING;
  }
}

const URL_STARTS = {
  tcp: "tcp://127.0.0.1:",
  tls: "tls://",
  unix: "unix:",
  ws: "ws://127.0.0.1:",
  wss: "wss://",
  stdio: "stdio:",
} as const;
const ABOUT_VERSION: Candidate = { value: "--version", about: "print the version" };
const ABOUT_HELP: Candidate = { value: "--help", about: "print the help" };

function commandItem({ name, summary }: CommandDefinition): Candidate {
  return { value: name, about: summary };
}

function startingWith(current: string, { paths, items }: Candidates): Candidates {
  return { paths, items: items.filter(({ value }) => value.toLowerCase().startsWith(current.toLowerCase())) };
}

function withPrefix(prefix: string): (item: Candidate) => Candidate {
  return ({ value, about }) => ({ value: prefix + value, about });
}

function optionNamed({ options }: CommandDefinition, flag: string): OptionDefinition | undefined {
  return options.find(({ flags }) => flags.split(/[ ,]+/).includes(flag));
}

function longOf({ flags }: OptionDefinition): string {
  return flags.split(/[ ,]+/).find((part) => part.startsWith("--")) ?? flags;
}

function takesValue({ flags }: OptionDefinition): boolean {
  return /[<[]/.test(flags);
}
