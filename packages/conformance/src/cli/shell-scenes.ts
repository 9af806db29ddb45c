import { mkdirSync } from "node:fs";
import type { Report } from "../interop/case.ts";
import { expectEqual } from "../vectors/tally.ts";
import type { Place } from "./places.ts";
import { expectOutcome, Piped, plainEnv, ROAM, roam } from "./program.ts";
import { Terminal } from "./terminal.ts";

/** Help, exits and colours of the program itself. */
export async function checkHelp(report: Report): Promise<void> {
  await report.check("roam --help lists commands and exit codes, in colour on a terminal only", async () => {
    const plain = await roam(["--help"]);
    expectOutcome(plain, {
      exit: 0,
      err: "",
      out: /^Usage: roam [\s\S]*\n {2}call [\s\S]*Exit codes:\n {2}0 +done\n[\s\S]* {2}130 +Ctrl-C/,
    });
    const terminal = Terminal.roam(["--help"]);
    expectEqual("exit", await terminal.exited(), 0);
    expectEqual("colour", terminal.text.includes("\u001b[1mUsage:"), true);
    const quiet = Terminal.roam(["--help"], { NO_COLOR: "1" });
    await quiet.exited();
    expectEqual("no colour", quiet.text.includes("\u001b["), false);
    expectEqual(
      "forced",
      (await roam(["--help"], { env: { FORCE_COLOR: "1" } })).out.includes("\u001b[1mUsage:"),
      true,
    );
  });
  await report.check("roam without anything is exit 2 and shows the help on standard error", async () => {
    expectOutcome(await roam([]), { exit: 2, out: "", err: /^Usage: roam/ });
  });
  await report.check("an unknown command, an unknown option", async () => {
    expectOutcome(await roam(["cal"]), { exit: 2, out: "", err: /Did you mean call/ });
    expectOutcome(await roam(["ls", "--frobnicate", "x"]), {
      exit: 2,
      out: "",
      err: /unknown option '--frobnicate'/,
    });
  });
  await report.check("errors are JSON with --json", async () => {
    const got = await roam(["ls", "tcp://127.0.0.1:1", "--json"]);
    expectOutcome(got, { exit: 4, out: "" });
    expectEqual("code", JSON.parse(got.err).error.code, "io");
  });
  await report.check("output that nobody reads is no error, a full disk is one", async () => {
    const node = `"${process.execPath}" "${ROAM}"`;
    const closed = new Piped("bash", [
      "-c",
      `set -o pipefail; (sleep 0.2; ${node} help --markdown; echo "exit $?" >&2) | true`,
    ]);
    expectOutcome(await closed.done(), { err: "exit 0\n" });
    const full = await new Piped("bash", ["-c", `${node} help --markdown > /dev/full`]).done();
    expectOutcome(full, { exit: 1, err: /standard output: .*ENOSPC/ });
  });
  await report.check("the manual is made from the help", async () => {
    const { out } = await roam(["help", "--markdown"]);
    for (const [, name = ""] of (await roam(["--help"])).out.matchAll(/^ {2}([a-z]+) \[options\]/gm)) {
      expectEqual(`## roam ${name}`, out.includes(`\n## roam ${name}\n`), true);
    }
  });
}

interface Shell {
  readonly name: "bash" | "zsh" | "fish";
  readonly args: readonly string[];
  /** What makes it complete, typed at the first prompt. */
  readonly load: string;
  /** A second key lists what can follow, where the first shows no list. */
  readonly listKey: string;
}

const SHELLS: readonly Shell[] = [
  {
    name: "bash",
    args: ["--norc", "--noprofile", "-i"],
    load: "source <(roam completion bash)",
    listKey: "\t\t",
  },
  {
    name: "zsh",
    args: ["-f", "-i"],
    load: "autoload -U compinit; compinit -u -D; source <(roam completion zsh)",
    listKey: "\t",
  },
  {
    name: "fish",
    args: ["--no-config", "--private", "-i"],
    load: 'function fish_prompt; echo -n "READY""> "; end; roam completion fish | source',
    listKey: "\t",
  },
];

/** Completion by real shells, in a terminal. */
export async function checkCompletion(place: Place, report: Report): Promise<void> {
  const bin = place.path("bin");
  mkdirSync(bin, { recursive: true });
  const { chmodSync } = await import("node:fs");
  chmodSync(place.write("bin/roam", `#!/bin/sh\nexec "${process.execPath}" "${ROAM}" "$@"\n`), 0o755);
  const env = {
    PATH: `${bin}:${plainEnv().PATH}`,
    HOME: place.directory,
    PS1: "READY> ",
    XDG_CONFIG_HOME: place.path("config"),
  };
  const schema = place.path("testbed.json");
  for (const { name, args, load, listKey } of SHELLS) {
    const typed: readonly (readonly [line: string, shows: RegExp])[] = [
      ["roam compl\t", /completion/],
      [`roam call tcp://127.0.0.1:1 --schema ${schema} Testbed.rec\t`, /Testbed\.rectangle_area/],
      [`roam generate --codec ${listKey}`, /runtime[\s\S]*static/],
    ];
    // A shell for each: what is typed while one still completes is nobody's.
    for (const [line, shows] of typed) {
      await report.check(`${name}: ${JSON.stringify(line.replace(schema, "testbed.json"))}`, async () => {
        const shell = new Terminal(name, args, env);
        shell.type(`${load}; echo "loa""ded"\r`);
        await shell.seen(/loaded\r?\n[\s\S]*READY> /);
        const from = shell.text.length;
        shell.type(line);
        await shell.seen(shows, from);
        shell.kill();
      });
    }
  }
}
