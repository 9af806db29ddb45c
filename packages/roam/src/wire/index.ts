export type * from "./message.ts";
export { decodeMessage, encodeMessage } from "./message-codec.ts";
export { MessageSchema } from "./message-schema.ts";
export {
  Metadata,
  MetadataEntry,
  type MetadataInit,
  type MetadataValue,
  NO_PROPAGATE,
  SENSITIVE,
} from "./metadata.ts";
