import { command } from "../command.ts";
import { documentsFrom, SOURCE_FORMS } from "../document-from.ts";
import { EXIT } from "../exit-codes.ts";
import { tellFindings } from "../findings.ts";
import type { Io } from "../io.ts";
import { identitiesOf, type MethodIdentity } from "../method-identity.ts";
import { PEER_OPTIONS, type PeerOptions } from "../peer.ts";

interface IdsOptions extends PeerOptions {
  readonly types?: string;
}

export const ids = command<IdsOptions>({
  name: "ids",
  summary: "print every method with its canonical signature and id",
  about:
    "Prints the id of every method, what it is computed from (the canonical bytes of arguments and return type, in hexadecimal) and the signature. Exits with 1 if a schema states an id that its signature does not have, or if something could not be described.",
  args: [{ form: "<source...>", about: SOURCE_FORMS }],
  options: [
    { flags: "--types <file>", about: "types of foreign crates, for Rust sources", complete: "files" },
    ...PEER_OPTIONS,
  ],
  examples: [
    { command: "roam ids ../billing", about: "all methods of a Rust crate" },
    { command: "roam ids src/billing.ts", about: "of the services that a module exports" },
    { command: "roam ids tcp://127.0.0.1:4400 --json", about: "of what a peer serves, for programs" },
  ],
  async run({ args, options }, io) {
    const { document, findings } = await documentsFrom(args, { ...options, peer: options }, io);
    const identities = identitiesOf(document);
    if (io.isJson) await io.line(JSON.stringify({ methods: identities, findings }, undefined, 2));
    else await print(identities, io);
    const errors = tellFindings(findings, io);
    const wrong = identities.filter(({ id, computed }) => id !== computed);
    if (!io.isJson) {
      for (const { name, id, computed } of wrong) {
        io.note(`${io.notePaint.red("error:")} ${name} states ${id}; its signature gives ${computed}`);
      }
    }
    return errors + wrong.length === 0 ? EXIT.ok : EXIT.failed;
  },
});

async function print(identities: readonly MethodIdentity[], io: Io): Promise<void> {
  for (const { id, name, text, signature } of identities) {
    const owner = io.paint.bold(name.slice(0, name.indexOf(".") + 1));
    await io.line(`${io.paint.yellow(id)}  ${owner}${text}  ${io.paint.dim(signature)}`);
  }
}
