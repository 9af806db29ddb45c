import type { MessageFamily } from "../conduit/conduit.ts";
import type { Message } from "../wire/message.ts";
import { encodeMessage, readMessage } from "../wire/message-codec.ts";
import { MessageSchema } from "../wire/message-schema.ts";
import { Metadata } from "../wire/metadata.ts";

/** The family of session messages, with the fillers that any 7.3 peer takes as harmless. */
export const messageFamily: MessageFamily<Message> = {
  schema: MessageSchema,
  encode: encodeMessage,
  decode: readMessage,
  fillers: {
    ack: { tag: "Pong", connectionId: 0, nonce: 0 },
    close: { tag: "ConnectionClose", connectionId: 0, metadata: Metadata.EMPTY },
    // Keepalive counts its nonces from 1; this one is nobody else's.
    solicit: { tag: "Ping", connectionId: 0, nonce: 0xffff_ffff },
  },
};
