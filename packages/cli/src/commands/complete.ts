import { command } from "../command.ts";
import { candidatesFor } from "../completion/candidates.ts";
import { SHELLS } from "../completion/scripts.ts";
import { typedLine } from "../completion/typed-line.ts";
import { EXIT } from "../exit-codes.ts";

/** Asked by the scripts of `roam completion`. */
export const complete = command({
  name: "complete",
  summary: "answer a shell that completes a line",
  about:
    "Prints whether paths are wanted (files, directories, none), then each candidate, a tab and what it is about.",
  args: [
    { form: "<shell>", about: "which shell asks", choices: SHELLS },
    { form: "<line>", about: "the line up to the cursor", complete: "nothing" },
  ],
  options: [],
  examples: [{ command: 'roam complete bash "roam ca"', about: "what can follow" }],
  isHidden: true,
  async run({ args: [shell, text = ""] }, io, { commands }) {
    const line = typedLine(text);
    const { paths, items } = await candidatesFor(line, commands, (place) => ({
      methods: async () => (await import("../completion/known-methods.ts")).knownMethods(place, io).methods(),
      argsOf: async (name) =>
        (await import("../completion/known-methods.ts")).knownMethods(place, io).argsOf(name),
    }));
    // Bash completes behind the last of these only.
    const cut =
      shell === "bash" ? Math.max(line.current.lastIndexOf(":"), line.current.lastIndexOf("=")) + 1 : 0;
    const lines = items.map(({ value, about }) => `${value.slice(cut)}\t${about.replace(/\s+/g, " ")}`);
    await io.write([paths, ...lines].map((one) => `${one}\n`).join(""));
    return EXIT.ok;
  },
});
