import { cpSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { method, service, t } from "roam";
import { documentOf } from "roam/schema";
import type { Report } from "../interop/case.ts";
import { expectEqual } from "../vectors/tally.ts";
import { ourPeer, type Place } from "./places.ts";
import { expectOutcome, REPOSITORY, ROAM, roam, start } from "./program.ts";
import { Terminal } from "./terminal.ts";

const fixture = (name: string) => `${REPOSITORY}packages/roam/test/transports/fixtures/test-only-${name}.pem`;
const RUST_PEER = fileURLToPath(new URL("../../rust-peer/target/release/roam-peer", import.meta.url));

/** `serve`: modules, made-up values, every kind of address, Ctrl-C. */
export async function checkServe(place: Place, report: Report): Promise<void> {
  const schema = ["--schema", place.path("testbed.json")];
  const echo = { exit: 0, out: '"there"\n' };

  await report.check("roam serve on a terminal, a call, Ctrl-C", async () => {
    const terminal = Terminal.roam(
      ["serve", place.path("testbed.ts"), "--on", "tcp://127.0.0.1:0", "--verbose"],
      { NO_COLOR: "1" },
    );
    const [, url = ""] = await terminal.seen(/serving Testbed on (\S+)\r\n/);
    expectOutcome(await roam(["call", url, "Testbed.echo", "there", ...schema]), echo);
    await terminal.seen(/Testbed\.echo answered after [\d.]+ ms/);
    terminal.ctrlC();
    expectEqual("exit", await terminal.exited(), 130);
  });

  await report.check("Ctrl-C in the caller's terminal reaches the handler as a cancelled call", async () => {
    const module = place.write(
      "waiting.ts",
      `import { implement, method, service, t } from "roam";
export const Waiting = service("Waiting", { wait: method({}, t.string) });
export default implement(Waiting, {
  async wait(_args, { signal }) {
    console.error("waiting");
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    console.error(\`stopped: \${(signal.reason as { code?: string }).code}\`);
    return "never read";
  },
});
`,
    );
    const server = Terminal.roam(["serve", module, "--on", "tcp://127.0.0.1:0"], { NO_COLOR: "1" });
    const [, url = ""] = await server.seen(/serving Waiting on (\S+)\r\n/);
    const waiting = place.write("waiting.json", WAITING);
    const caller = Terminal.roam(["call", url, "Waiting.wait", "--schema", waiting], { NO_COLOR: "1" });
    await server.seen(/waiting\r\n/);
    caller.ctrlC();
    await server.seen(/stopped: cancelled\r\n/);
    expectEqual("exit", await caller.exited(), 130);
    server.ctrlC();
    expectEqual("server's exit", await server.exited(), 130);
  });

  await report.check("roam serve --mock answers alike for one seed", async () => {
    const answers: string[] = [];
    for (const seed of ["5", "5", "6"]) {
      const server = Terminal.roam(
        ["serve", "--mock", place.path("testbed.json"), "--seed", seed, "--on", "tcp://127.0.0.1:0"],
        { NO_COLOR: "1" },
      );
      const [, url = ""] = await server.seen(/serving Testbed on (\S+)\r\n/);
      const got = await roam(["call", url, "Testbed.get_points", "3", ...schema]);
      expectOutcome(got, { exit: 0 });
      answers.push(got.out);
      server.ctrlC();
      await server.exited();
    }
    expectEqual("same seed", answers[0], answers[1]);
    expectEqual("another seed", answers[0] === answers[2], false);
  });

  const addresses: readonly (readonly [name: string, on: string, serve: string[], call: string[]])[] = [
    ["unix:", `unix:${place.path("s.sock")}`, [], []],
    ["ws://", "ws://127.0.0.1:0/", [], []],
    [
      "tls://",
      "tls://127.0.0.1:0",
      ["--cert", fixture("server"), "--key", fixture("server.key")],
      ["--ca", fixture("ca")],
    ],
  ];
  for (const [name, on, serveMore, callMore] of addresses) {
    await report.check(`served and called over ${name}`, async () => {
      const { url, process } = await ourPeer(place, on, serveMore);
      expectOutcome(await roam(["call", url, "Testbed.echo", "there", ...schema, ...callMore]), echo);
      process.kill("SIGINT");
      expectEqual("exit", (await process.done()).exit, 130);
    });
  }

  await report.check(
    "a certificate that nobody vouches for is refused, and --insecure takes it",
    async () => {
      const { url, process } = await ourPeer(place, "tls://127.0.0.1:0", [
        "--cert",
        fixture("server"),
        "--key",
        fixture("server.key"),
      ]);
      expectOutcome(await roam(["call", url, "Testbed.echo", "there", ...schema]), {
        exit: 4,
        err: /certificate/,
      });
      expectOutcome(await roam(["call", url, "Testbed.echo", "there", ...schema, "--insecure"]), echo);
      process.kill("SIGINT");
      await process.done();
    },
  );

  await report.check("a server that asks for certificates lets in who has one", async () => {
    const own = ["--cert", fixture("server"), "--key", fixture("server.key"), "--client-ca", fixture("ca")];
    const { url, process } = await ourPeer(place, "tls://127.0.0.1:0", own);
    const call = ["call", url, "Testbed.echo", "there", ...schema, "--ca", fixture("ca")];
    expectOutcome(await roam(call), { exit: 4 });
    expectOutcome(await roam([...call, "--cert", fixture("client"), "--key", fixture("client.key")]), echo);
    process.kill("SIGINT");
    await process.done();
  });

  await report.check(
    "a project with a copy of the runtime of its own is served and described with that",
    async () => {
      const file = projectOfItsOwn(place);
      expectOutcome(await roam(["ids", file]), {
        exit: 0,
        out: /Sums\.add\(numbers: Rx<i32>, out: Tx<i32>\) -> Result<i32, String>/,
      });
      const server = start(["serve", file, "--on", "tcp://127.0.0.1:0"], { stdin: "open" });
      const [, url = ""] = await server.seen(/serving Sums on (\S+)\n/);
      expectOutcome(await roam(["call", url, "Sums.add", "--json"], { stdin: "1\n2\n" }), {
        exit: 0,
        out: '{"channel":"out","item":1}\n{"channel":"out","item":3}\n{"value":3}\n',
      });
      expectOutcome(await roam(["call", url, "Sums.add", "[[99]]"]), {
        exit: 3,
        out: '{"error":"too much"}\n',
      });
      server.kill("SIGINT");
      await server.done();
    },
  );

  await report.check("stdio: starts a command and speaks with it: ours", async () => {
    const command = `stdio:"${process.execPath}" "${ROAM}" serve "${place.path("testbed.ts")}" --on stdio:`;
    expectOutcome(await roam(["call", command, "Testbed.echo", "there", ...schema]), echo);
  });

  await report.check("stdio: starts a command and speaks with it: the Rust peer", async () => {
    const command = `stdio:"${RUST_PEER}" stdio --role acceptor`;
    expectOutcome(await roam(["call", command, "Testbed.echo", "there", ...schema]), echo);
  });

  await report.check("a command that is none, and one that fails", async () => {
    expectOutcome(await roam(["call", "stdio:roam-no-such-program", "Testbed.echo", "x", ...schema]), {
      exit: 4,
      err: /there is no such program/,
    });
    expectOutcome(await roam(["call", "stdio:false", "Testbed.echo", "x", ...schema]), {
      exit: 4,
      err: /false ended with status 1/,
    });
  });
}

/** A project whose `roam` is another one than the command's. */
function projectOfItsOwn(place: Place): string {
  const copies = {
    roam: "packages/roam",
    "roam-postcard": "packages/postcard",
    "@noble/hashes": "node_modules/@noble/hashes",
  };
  for (const [name, from] of Object.entries(copies)) {
    const isOurs = from.startsWith("packages/");
    const filter = (path: string) =>
      !isOurs || !/\/(test|src|node_modules)(\/|$)/.test(path.slice(REPOSITORY.length + from.length));
    cpSync(`${REPOSITORY}${from}`, place.path(`project/node_modules/${name}`), {
      recursive: true,
      dereference: true,
      filter,
    });
  }
  place.write("project/package.json", '{"type": "module"}');
  return place.write(
    "project/sums.js",
    `import { fail, method, service, t } from "roam";
export const Sums = service("Sums", { add: method({ numbers: t.rx(t.i32), out: t.tx(t.i32) }, t.i32, t.string) });
export const handlers = {
  async add({ numbers, out }) {
    let total = 0;
    for await (const number of numbers) {
      total += number;
      if (total > 50) fail("too much");
      await out.send(total);
    }
    return total;
  },
};
`,
  );
}

const Waiting = service("Waiting", { wait: method({}, t.string) });
const WAITING = JSON.stringify(documentOf([Waiting]));
