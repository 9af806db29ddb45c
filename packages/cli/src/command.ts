import type { ExitCode } from "./exit-codes.ts";
import type { Io } from "./io.ts";

/** One of the program's commands: how it is called, what its help says, what it does. */
export interface CommandDefinition<O = Record<string, unknown>> {
  readonly name: string;
  /** One line, for the list of commands; no full stop. */
  readonly summary: string;
  /** Paragraphs for the command's own help. */
  readonly about: string;
  readonly args: readonly ArgDefinition[];
  readonly options: readonly OptionDefinition[];
  readonly examples: readonly Example[];
  /** Options that are not listed are left in the arguments, as `call` wants them. */
  readonly takesAnyOption?: boolean;
  /** Not in the list of commands. */
  readonly isHidden?: boolean;
  /**
   * @returns what to exit with
   * @throws Failure, or what the runtime throws, to be explained to the user
   */
  run(given: Given<O>, io: Io, frame: Frame): Promise<ExitCode>;
}

/** The program around a command, for the few commands that are about the others. */
export interface Frame {
  readonly commands: readonly CommandDefinition[];
  /** What `--help` prints, of the program or of a command; undefined for a name that is none. */
  helpOf(name?: string): string | undefined;
}

export interface ArgDefinition {
  /** `<url>`, `[args...]`: as commander writes them. */
  readonly form: string;
  readonly about: string;
  readonly choices?: readonly string[];
  /** What completion offers (default: files). */
  readonly complete?: Completes;
}

export interface OptionDefinition {
  /** `--out <dir>`, `-n, --repeat <count>`: as commander writes them. */
  readonly flags: string;
  readonly about: string;
  readonly default?: unknown;
  /** How the help writes the default, where that is not as it is typed. */
  readonly defaultText?: string;
  readonly choices?: readonly string[];
  /** The value from its text; `before` is what an earlier use of the option gave. Throws UsageFailure. */
  readonly parse?: (text: string, before: unknown) => unknown;
  readonly isHidden?: boolean;
  readonly complete?: Completes;
}

export type Completes = "files" | "directories" | "commands" | "method" | "url" | "nothing";

export interface Example {
  readonly command: string;
  readonly about: string;
}

export interface Given<O> {
  /** In order; those that were left out are undefined, a variadic one is spread. */
  readonly args: readonly string[];
  readonly options: O & CommonOptions;
}

/** What every command has. */
export interface CommonOptions {
  readonly json: boolean;
}

/** Checks the form and forgets the options' types, which only the command itself knows. */
export function command<O>(definition: CommandDefinition<O>): CommandDefinition {
  return definition as unknown as CommandDefinition;
}

/** For `parse` of an option that may be given several times. */
export function collect(text: string, before: unknown): readonly string[] {
  return [...((before as readonly string[] | undefined) ?? []), text];
}
