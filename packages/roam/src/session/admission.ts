import type { LinkApplicant } from "../conduit/stable/stable-acceptor.ts";
import { asError } from "../errors.ts";
import { NO_FACTS, type PeerFacts } from "../link/peer-facts.ts";
import type { Logger } from "../logger.ts";
import { Metadata } from "../wire/metadata.ts";
import type { ConnectionAcceptor, ConnectionDecision, ConnectionRequest } from "./session-options.ts";

/** Somebody who wants to be let in. */
export interface Applicant {
  /** To a new session, to one that lost its link, or to a further connection of a session. */
  readonly kind: "session" | "resume" | "connection";
  /** Address of the far side, for people and logs. */
  readonly peer: string;
  /** What the transport knows of it: address, certificate, headers. */
  readonly facts: PeerFacts;
  /** What came with the Hello or the open, a token for example; a resume brings nothing. */
  readonly metadata: Metadata;
  /** Who began the session; undefined for a new one. */
  readonly principal: unknown;
  /** Aborts when the time for a handshake is over. */
  readonly signal: AbortSignal;
}

/**
 * Decides who somebody is: what it returns is the principal of the session or connection, which
 * handlers find in `call.principal`. Throwing refuses; the other side learns no reason, the log does.
 * A resume is taken if the principal is the value that the session has (`Object.is`).
 */
export type Authenticate = (applicant: Applicant) => unknown;

/** Who is at the far end of one session, once that is known. */
export class Identity {
  principal: unknown = undefined;
  /** Of the newest link. */
  facts: PeerFacts;
  readonly peer: string;
  /** Settles when its Hello was decided on; undefined while none has come. */
  decision: Promise<void> | undefined;

  constructor(peer: string, facts: PeerFacts) {
    this.peer = peer;
    this.facts = facts;
  }
}

/** Lets sessions, resumes and connections in, or does not. */
export class Admission {
  readonly #authenticate: Authenticate | undefined;
  readonly #logger: Logger;

  constructor(authenticate: Authenticate | undefined, logger: Logger) {
    this.#authenticate = authenticate;
    this.#logger = logger;
  }

  /** A link: of a new session, whose Hello is still to come, or of one that is known. */
  readonly link = async ({ peer, facts, resumes, signal }: LinkApplicant): Promise<Identity> => {
    if (resumes === undefined) return new Identity(peer, facts);
    const identity = resumes.principal as Identity;
    // Without a Hello there is nobody yet whose session could be taken: it is to come by this link.
    if (identity.decision !== undefined) {
      await identity.decision;
      const { principal } = identity;
      const metadata = Metadata.EMPTY;
      const found = await this.#ask({ kind: "resume", peer, facts, metadata, principal, signal });
      if (!Object.is(found, principal))
        throw this.#refused({ peer, kind: "resume" }, new Error("another principal"));
    }
    identity.facts = facts;
    return identity;
  };

  /** A session, by its Hello. */
  async session(identity: Identity, metadata: Metadata, signal: AbortSignal): Promise<unknown> {
    const { peer, facts } = identity;
    const asked = this.#ask({ kind: "session", peer, facts, metadata, principal: undefined, signal });
    identity.decision = asked.then((principal) => {
      identity.principal = principal;
    });
    await identity.decision;
    return identity.principal;
  }

  /** Lets connections of the session in, before `accept` sees them. */
  connections(identity: Identity, accept: ConnectionAcceptor): ConnectionAcceptor {
    if (this.#authenticate === undefined) return accept;
    return async (request): Promise<ConnectionDecision> => {
      let principal: unknown;
      try {
        principal = await this.#connection(identity, request);
      } catch {
        return { accept: false };
      }
      const decision = await accept({ ...request, principal });
      return "accept" in decision && decision.accept ? { principal, ...decision } : decision;
    };
  }

  #connection({ facts }: Identity, request: ConnectionRequest): Promise<unknown> {
    const { peer, metadata, principal, signal } = request;
    return this.#ask({ kind: "connection", peer, facts, metadata, principal, signal });
  }

  /** @throws what `authenticate` throws, which the log has then */
  async #ask(applicant: Applicant): Promise<unknown> {
    try {
      return await this.#authenticate?.(applicant);
    } catch (error) {
      throw this.#refused(applicant, asError(error));
    }
  }

  #refused({ peer, kind }: Pick<Applicant, "peer" | "kind">, error: Error): Error {
    this.#logger.warn({ peer, kind }, `${peer} (${kind}) was refused: ${error.message}`);
    return error;
  }
}

/** For links that are there for good, and have no resume. */
export function identityOf({ peer, facts = NO_FACTS }: { peer: string; facts?: PeerFacts }): Identity {
  return new Identity(peer, facts);
}
