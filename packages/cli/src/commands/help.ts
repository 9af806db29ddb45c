import { command } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { UsageFailure } from "../failure.ts";
import { manual } from "../manual.ts";

export const help = command<{ readonly markdown: boolean }>({
  name: "help",
  summary: "print the help of a command, or of all of them as Markdown",
  about: "Prints what `roam --help` and `roam COMMAND --help` print, or all of it as one page of Markdown.",
  args: [{ form: "[command]", about: "name of a command", complete: "commands" }],
  options: [{ flags: "--markdown", about: "the whole manual as Markdown", default: false }],
  examples: [
    { command: "roam help call", about: "how calls are made" },
    { command: "roam help --markdown > docs/cli.md", about: "the manual as a page" },
  ],
  async run({ args: [name], options }, io, { commands, helpOf }) {
    const text = options.markdown ? manual(commands) : helpOf(name);
    if (text === undefined) throw new UsageFailure(`there is no command ${name}`, "roam --help lists them");
    await io.write(text);
    return EXIT.ok;
  },
});
