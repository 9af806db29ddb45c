import { asError, ProtocolError } from "../errors.ts";
import type { Limits } from "../limits.ts";
import type { Message } from "../wire/message.ts";
import { checkMetadata } from "../wire/metadata.ts";

/** @throws ProtocolError for metadata beyond the limits */
export function expectMetadataWithin(message: Message, limits: Limits): void {
  if (!("metadata" in message)) return;
  try {
    checkMetadata(message.metadata, limits);
  } catch (cause) {
    throw new ProtocolError("session.x.limits", asError(cause).message, { cause });
  }
}

/** @throws ProtocolError for a message of the session itself that names a connection */
// r[impl session.message.connection-id]
export function expectRoot({ tag, connectionId }: Message): void {
  if (connectionId === 0) return;
  throw new ProtocolError("session.message.connection-id", `${tag} on connection ${connectionId}`);
}
