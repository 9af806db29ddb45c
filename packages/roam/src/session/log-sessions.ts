import type { ConduitState } from "../conduit/conduit-state.ts";
import { ProtocolError, type RoamError } from "../errors.ts";
import type { LogFields, Logger } from "../logger.ts";
import type { Session } from "./session.ts";

/** A session that ended for one of these did what its owners wanted. */
const ORDERLY: ReadonlySet<string> = new Set(["closed"]);

/**
 * Logs what happens to sessions, a line for each: that one is there, that its link was lost and
 * replaced, that its counterpart does not read, that it is over and what it did. Give it as
 * `onSession` to `serve`, or call it with `client.$.session`.
 *
 * @example await serve(url, Billing, handlers, { onSession: logSessions(pino()) });
 */
export function logSessions(logger: Logger): (session: Session) => void {
  let sessions = 0;
  return (session) => {
    const number = ++sessions;
    const { clock, role, peer } = session;
    const beginMs = clock.nowMs();
    const info = (fields: LogFields, message: string) =>
      logger.info?.({ session: number, ...fields }, message);
    const warn = (fields: LogFields, message: string) => logger.warn({ session: number, ...fields }, message);
    const { service } = session.root;
    info(
      { role, peer, conduit: session.replay === undefined ? "bare" : "stable", ...(service && { service }) },
      "session is there",
    );
    const links = new LinkLog(session, info, warn);
    const stops = [
      session.watch((state) => links.onState(state)),
      session.watchStalls(({ forMs, waitingControls, waitingSenders }) =>
        warn(
          { peer, forMs: Math.round(forMs), waitingControls, waitingSenders },
          "the counterpart does not read",
        ),
      ),
    ];
    void session.ended.then((cause) => {
      for (const stop of stops) stop();
      const fields = { peer, ms: Math.round(clock.nowMs() - beginMs), ...counted(session), ...why(cause) };
      if (ORDERLY.has(cause.code)) info(fields, "session is over");
      else warn(fields, "session was lost");
    });
  };
}

type Log = (fields: LogFields, message: string) => void;

/** Of a link that is lost only the loss and the next link are told, not each attempt between. */
class LinkLog {
  readonly #session: Session;
  readonly #info: Log;
  readonly #warn: Log;
  #detachedMs: number | undefined;

  constructor(session: Session, info: Log, warn: Log) {
    this.#session = session;
    this.#info = info;
    this.#warn = warn;
  }

  onState(state: ConduitState): void {
    const { clock, peer } = this.#session;
    if (state.kind === "detached" && this.#detachedMs === undefined) {
      this.#detachedMs = clock.nowMs();
      this.#warn({ peer, reason: state.reason }, "link is lost");
    } else if (state.kind === "resumed") {
      const ms = Math.round(clock.nowMs() - (this.#detachedMs ?? clock.nowMs()));
      this.#detachedMs = undefined;
      this.#info({ peer, replayed: state.replayed, ms }, "session goes on with another link");
    } else if (state.kind === "exhausting") {
      this.#warn({ peer, framesLeft: state.framesLeft }, "the numbers run out");
    }
  }
}

function counted({ root }: Session): LogFields {
  const { dispatcher, caller } = root;
  return { received: dispatcher.received, failed: dispatcher.failed, made: caller.made };
}

function why(cause: RoamError): LogFields {
  if (ORDERLY.has(cause.code)) return {};
  const rule = cause instanceof ProtocolError && cause.rule !== "" ? { rule: cause.rule } : {};
  return { code: cause.code, reason: cause.reason, ...rule };
}
