import { Command, CommanderError, Option } from "commander";
import type { CommandDefinition, Frame } from "./command.ts";
import { COMMANDS } from "./commands/index.ts";
import { EXIT, EXIT_MEANINGS, type ExitCode } from "./exit-codes.ts";
import { type Failure, failureOf } from "./failure.ts";
import { Io, Stop, type Streams } from "./io.ts";
import { paintWith, wantsColor } from "./paint.ts";
import { printable } from "./printable.ts";
import { VERSION } from "./version.ts";

export const PROGRAM = {
  name: "roam",
  about: "TypeScript from Rust traits and back; list, call, serve, watch, record and replay Roam services.",
} as const;

/** What is said about every command's output and input. */
export const CONVENTIONS = `URLs: tcp://host:port tls://host:port unix:/path ws://host:port/ wss://host/ stdio:COMMAND
Schemas (SOURCE) come from a URL, a Rust crate or .rs file, a .ts or .js module, or a schema as .json.
Colour is for terminals; NO_COLOR and FORCE_COLOR are honoured. ROAM_LOG=1 tells more of what went wrong.`;

/**
 * Runs one command line.
 *
 * @param argv without the program's name
 * @returns what to exit with; everything else was written to the streams
 */
export async function runProgram(argv: readonly string[], streams: Streams): Promise<ExitCode> {
  // The help is written by others, and whoever it was for may be gone.
  for (const stream of [streams.stdout, streams.stderr]) stream.on("error", () => {});
  const io = new Io(streams, { isJson: argv.includes("--json") });
  const outcome: { exit: ExitCode } = { exit: EXIT.ok };
  const program = buildProgram(streams, async (definition, given) => {
    outcome.exit = await runCommand(definition, given, streams);
  });
  try {
    if (argv.length === 0) {
      program.outputHelp({ error: true });
      return EXIT.usage;
    }
    await program.parseAsync([...argv], { from: "user" });
  } catch (error) {
    return await usageExit(error, io);
  } finally {
    io.release();
  }
  return outcome.exit;
}

/** The exit for what commander threw; it has written its own messages already. */
async function usageExit(error: unknown, io: Io): Promise<ExitCode> {
  let reason = error;
  if (error instanceof CommanderError) {
    if (error.exitCode !== 0) return EXIT.usage;
    // Help or a version that was asked for: it may not have got there.
    await io.flush();
    if (!io.signal.aborted) return EXIT.ok;
    const stop = stopped(io);
    if (stop !== undefined) return stop;
    ({ reason } = io.signal);
  }
  const failure = failureOf(reason);
  tell(failure, io);
  return failure.exit;
}

type Given = Parameters<CommandDefinition["run"]>[0];

async function runCommand(definition: CommandDefinition, given: Given, streams: Streams): Promise<ExitCode> {
  const io = new Io(streams, { isJson: given.options.json });
  try {
    const exit = await definition.run(given, io, frameOf(streams));
    const stop = stopped(io);
    if (stop === undefined) io.signal.throwIfAborted();
    return stop ?? exit;
  } catch (error) {
    const stop = stopped(io);
    if (stop !== undefined) return stop;
    const failure = failureOf(error);
    io.progress(undefined);
    tell(failure, io);
    return failure.exit;
  } finally {
    await io.flush();
    io.release();
  }
}

function frameOf(streams: Streams): Frame {
  return {
    commands: COMMANDS,
    helpOf(name) {
      const program = buildProgram(streams, async () => {});
      const found = name === undefined ? program : program.commands.find((one) => one.name() === name);
      if (found === undefined) return undefined;
      let text = "";
      found.configureOutput({
        ...found.configureOutput(),
        writeOut: (piece) => {
          text += piece;
        },
      });
      found.outputHelp();
      return text;
    },
  };
}

/** Once it was to stop, what came of it is no news. */
function stopped({ signal }: Io): ExitCode | undefined {
  return signal.reason instanceof Stop ? signal.reason.exit : undefined;
}

function tell({ message, hint, code, cause }: Failure, io: Io): void {
  if (io.isJson) {
    io.note(JSON.stringify({ error: { code, message, ...(hint === undefined ? {} : { hint }) } }));
    return;
  }
  io.note(`${io.notePaint.red("error:")} ${printable(message)}`);
  if (hint !== undefined) io.note(`${io.notePaint.cyan("try:")} ${hint}`);
  if (io.env.ROAM_LOG !== undefined && cause instanceof Error)
    io.note(io.notePaint.dim(printable(cause.stack ?? "")));
}

/** The program with all of its commands, as commander parses it. */
export function buildProgram(
  streams: Pick<Streams, "stdout" | "stderr" | "env">,
  run: (definition: CommandDefinition, given: Given) => Promise<void>,
): Command {
  const { stdout, stderr, env } = streams;
  const hasColors = wantsColor(stdout, env);
  const hasErrColors = wantsColor(stderr, env);
  const paint = paintWith(true);
  const program = new Command(PROGRAM.name)
    .description(PROGRAM.about)
    .version(VERSION, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand(false)
    .enablePositionalOptions()
    .showHelpAfterError("(roam --help lists the commands; roam COMMAND --help has examples)")
    .configureHelp({
      subcommandTerm: (command) => command.name(),
      styleTitle: (title) => paint.bold(title),
      styleCommandText: (text) => paint.cyan(text),
      styleSubcommandText: (text) => paint.cyan(text),
      styleOptionText: (text) => paint.green(text),
      styleArgumentText: (text) => paint.yellow(text),
    })
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: () => Math.min(stdout.columns ?? 100, 120),
      getErrHelpWidth: () => Math.min(stderr.columns ?? 100, 120),
      getOutHasColors: () => hasColors,
      getErrHasColors: () => hasErrColors,
      // Commander's own wrapping leaves colours in; this takes them out where there are none.
      stripColor: (text) => text.replace(COLORS, ""),
    })
    .addHelpText("after", () => `\n${exitTable()}\n\n${CONVENTIONS}`)
    .exitOverride();
  for (const definition of COMMANDS)
    program.addCommand(subcommand(program, definition, run), { hidden: definition.isHidden === true });
  return program;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const COLORS = /\u001b\[\d+m/g;

function subcommand(
  program: Command,
  definition: CommandDefinition,
  run: (definition: CommandDefinition, given: Given) => Promise<void>,
): Command {
  const command = new Command(definition.name)
    .copyInheritedSettings(program)
    .helpOption("-h, --help", "print this help")
    .summary(definition.summary)
    .description(definition.about)
    .addHelpText("after", () => `\n${examplesText(definition)}`);
  for (const { form, about, choices } of definition.args) {
    const argument = command.createArgument(form, about);
    command.addArgument(choices === undefined ? argument : argument.choices(choices));
  }
  for (const { flags, about, default: preset, defaultText, choices, parse, isHidden } of definition.options) {
    const option = new Option(flags, about);
    if (preset !== undefined && preset !== false) option.default(preset, defaultText);
    if (choices !== undefined) option.choices(choices);
    if (parse !== undefined) option.argParser(parse);
    if (isHidden) option.hideHelp();
    command.addOption(option);
  }
  command.option("--json", "write JSON for programs; errors as JSON on standard error");
  // Those that are off: commander would tell of each that its default is false.
  const off = command.options.filter((option) => option.isBoolean() && option.defaultValue === undefined);
  const switches = Object.fromEntries(off.map((option) => [option.attributeName(), false]));
  if (definition.takesAnyOption) command.allowUnknownOption();
  return command.action(async () => {
    await run(definition, {
      args: command.args,
      options: { ...switches, ...command.opts() } as Given["options"],
    });
  });
}

export function examplesText({ examples }: CommandDefinition): string {
  const lines = examples.map(({ command, about }) => `  # ${about}\n  ${command}`);
  return `Examples:\n${lines.join("\n")}`;
}

export function exitTable(): string {
  return `Exit codes:\n${EXIT_MEANINGS.map(([code, meaning]) => `  ${String(code).padEnd(5)}${meaning}`).join("\n")}`;
}
