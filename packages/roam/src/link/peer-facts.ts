/** What a transport knows of the far side, for those who decide whether to let it in. */
export interface PeerFacts {
  /** Network address without the port; undefined for local transports. */
  readonly address?: string;
  readonly port?: number;
  /** What a TLS client showed, if anything. */
  readonly certificate?: PeerCertificate;
  /** Of a WebSocket's upgrade, `origin` and cookies among them; names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The link lies in somebody's session, see `roam/tunnel`; the other facts are that session's. */
  readonly isTunnel?: boolean;
}

export interface PeerCertificate {
  /** Issued by one whom the listener trusts; others get no link unless `rejectUnauthorized` is false. */
  readonly isTrusted: boolean;
  /** Parts of the subject: `CN`, `O`, … */
  readonly subject: Readonly<Record<string, string | readonly string[]>>;
  /** SHA-256 of the certificate, as pairs of hexadecimal digits with colons. */
  readonly fingerprint256: string;
  readonly validTo: Date;
}

export const NO_FACTS: PeerFacts = Object.freeze({});
