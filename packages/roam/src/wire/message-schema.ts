import { t } from "roam-postcard";

const Parity = t.enum("Parity", { Odd: t.unit, Even: t.unit });
const ConnectionSettings = t.struct("ConnectionSettings", {
  parity: Parity,
  max_concurrent_requests: t.u32,
});
const MetadataValue = t.enum("MetadataValue", { String: t.string, Bytes: t.bytes, U64: t.u64 });
const Metadata = t.list(t.struct("MetadataEntry", { key: t.string, value: MetadataValue, flags: t.u64 }));

const RequestBody = t.enum("RequestBody", {
  Call: { method_id: t.u64, channels: t.list(t.u64), metadata: Metadata, args: t.trailing },
  Response: { channels: t.list(t.u64), metadata: Metadata, ret: t.trailing },
  Cancel: { metadata: Metadata },
});
const ChannelBody = t.enum("ChannelBody", {
  Item: { item: t.trailing },
  Close: { metadata: Metadata },
  Reset: { metadata: Metadata },
  GrantCredit: { additional: t.u32 },
});

/**
 * The session's message type, as data. `message-codec.ts` writes the same bytes by hand, for
 * it is on every hot path; tests hold the two against each other.
 */
export const MessageSchema = t.struct("Message", {
  connection_id: t.u64,
  payload: t.enum("MessagePayload", {
    Hello: { version: t.u32, connection_settings: ConnectionSettings, metadata: Metadata },
    HelloYourself: { connection_settings: ConnectionSettings, metadata: Metadata },
    ProtocolError: { description: t.string },
    ConnectionOpen: { connection_settings: ConnectionSettings, metadata: Metadata },
    ConnectionAccept: { connection_settings: ConnectionSettings, metadata: Metadata },
    ConnectionReject: { metadata: Metadata },
    ConnectionClose: { metadata: Metadata },
    RequestMessage: { id: t.u64, body: RequestBody },
    ChannelMessage: { id: t.u64, body: ChannelBody },
    Ping: { nonce: t.u64 },
    Pong: { nonce: t.u64 },
  }),
});
