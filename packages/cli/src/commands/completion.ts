import { command } from "../command.ts";
import { SCRIPTS, SHELLS, type Shell } from "../completion/scripts.ts";
import { EXIT } from "../exit-codes.ts";

export const completion = command({
  name: "completion",
  summary: "print what makes a shell complete commands, options and methods",
  about:
    "Prints a script for the shell. It completes commands, options and their values, and for `call` the methods and arguments of the --schema, or of a peer on this machine.",
  args: [{ form: "<shell>", about: "which shell", choices: SHELLS }],
  options: [],
  examples: [
    { command: "source <(roam completion bash)", about: "in ~/.bashrc" },
    { command: "source <(roam completion zsh)", about: "in ~/.zshrc, behind compinit" },
    { command: "roam completion fish > ~/.config/fish/completions/roam.fish", about: "once" },
  ],
  async run({ args: [shell] }, io) {
    await io.write(SCRIPTS[shell as Shell]);
    return EXIT.ok;
  },
});
