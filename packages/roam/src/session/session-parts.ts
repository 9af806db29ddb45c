import type { Conduit, ConduitRx, Role } from "../conduit/conduit.ts";
import type { Clock } from "../internal/clock.ts";
import type { Limits } from "../limits.ts";
import type { ConnectionSettings, Id, Message } from "../wire/message.ts";
import type { Metadata } from "../wire/metadata.ts";
import type { Established } from "./handshake.ts";
import type { Outbox } from "./outbox.ts";
import type { SessionOptions } from "./session-options.ts";
import type { TapPoint } from "./session-tap.ts";

/** What a finished handshake leaves. */
export interface SessionParts {
  readonly role: Role;
  readonly conduit: Conduit<Message>;
  readonly rx: ConduitRx<Message>;
  readonly outbox: Outbox;
  readonly tap: TapPoint;
  readonly established: Established;
  readonly options: SessionOptions;
  /** What `admit` returned. */
  readonly principal: unknown;
  readonly limits: Limits;
  readonly clock: Clock;
}

/** A virtual connection that the counterpart has let us open. */
export interface AcceptedConnection {
  readonly id: Id;
  readonly counterpart: ConnectionSettings;
  readonly metadata: Metadata;
}
