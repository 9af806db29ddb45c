import type { ArgDefinition, CommandDefinition, OptionDefinition } from "./command.ts";
import { EXIT_MEANINGS } from "./exit-codes.ts";

/** All commands as one page of Markdown: what their help says, in another dress. */
export function manual(commands: readonly CommandDefinition[]): string {
  const shown = commands.filter(({ isHidden }) => !isHidden);
  return [
    "# The roam command",
    "<!-- Made by `roam help --markdown`; edit the commands in packages/cli/src/commands instead. -->",
    table(
      ["command", ""],
      shown.map(({ name, summary }) => [`[\`roam ${name}\`](#roam-${name})`, summary]),
    ),
    "Every command takes `--json` (output for programs, errors as JSON on standard error) and `--help`.",
    "## Exit codes",
    table(
      ["code", "meaning"],
      EXIT_MEANINGS.map(([code, meaning]) => [String(code), meaning]),
    ),
    ...shown.map(section),
  ]
    .join("\n\n")
    .concat("\n");
}

function section(command: CommandDefinition): string {
  const parts = [`## roam ${command.name}`, `\`${usageOf(command)}\``, command.about];
  if (command.args.length > 0) parts.push(table(["argument", ""], command.args.map(argRow)));
  if (command.options.length > 0) {
    parts.push(table(["option", ""], command.options.filter(({ isHidden }) => !isHidden).map(optionRow)));
  }
  parts.push(
    `\`\`\`sh\n${command.examples.map((one) => `# ${one.about}\n${one.command}`).join("\n")}\n\`\`\``,
  );
  return parts.join("\n\n");
}

/** `roam call [options] <url> <method> [args...]` */
export function usageOf({ name, args }: CommandDefinition): string {
  return ["roam", name, "[options]", ...args.map(({ form }) => form)].join(" ");
}

function argRow({ form, about, choices }: ArgDefinition): string[] {
  return [`\`${form}\``, choices === undefined ? about : `${about} (${choices.join(", ")})`];
}

function optionRow({ flags, about, default: preset, defaultText, choices }: OptionDefinition): string[] {
  const notes = [
    ...(choices === undefined ? [] : [choices.join(", ")]),
    ...(preset === undefined || preset === false ? [] : [`default ${defaultText ?? String(preset)}`]),
  ];
  return [`\`${flags}\``, notes.length === 0 ? about : `${about} (${notes.join("; ")})`];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
