import type { OptionDefinition } from "../command.ts";
import { SOURCE_FORMS } from "../document-from.ts";
import { PEER_OPTIONS, type PeerOptions } from "../peer.ts";

/** What commands between two peers have in common. */
export interface BetweenOptions extends PeerOptions {
  readonly schema?: string;
  readonly types?: string;
  /** Of the address that is listened on. */
  readonly listenCert?: string;
  readonly listenKey?: string;
}

export const BETWEEN_OPTIONS: readonly OptionDefinition[] = [
  {
    flags: "--schema <source>",
    about: `what passes by, where the peer does not tell: ${SOURCE_FORMS}`,
    complete: "files",
  },
  {
    flags: "--types <file>",
    about: "types of foreign crates, for a schema from Rust sources",
    complete: "files",
  },
  { flags: "--listen-cert <file>", about: "certificate for tls: or wss: on <in>, as PEM", complete: "files" },
  { flags: "--listen-key <file>", about: "its private key, as PEM", complete: "files" },
  ...PEER_OPTIONS,
];
