import { encodeMessage, type Message, Metadata } from "roam/wire";
import { Writer } from "roam-postcard";
import { Bench } from "../roam-service.ts";

/** A request or channel id such as a session in the middle of its life has. */
const ID = 10_001;
const method = Bench.descriptors().get("next");
const BODY = { connectionId: 0, id: ID, channels: [], metadata: Metadata.EMPTY };

function length(message: Message): number {
  const writer = new Writer();
  encodeMessage(writer, message);
  return writer.length;
}

/** What our messages take beside their arguments, results and items (bytes); the raw peers send as much. */
export const OVERHEAD = {
  call: length({
    ...BODY,
    tag: "RequestCall",
    methodLo: method?.idLo ?? 0,
    methodHi: method?.idHi ?? 0,
    args: new Uint8Array(),
  }),
  /** With the tag of the Result. */
  answer: length({ ...BODY, tag: "RequestResponse", ret: new Uint8Array(1) }),
  item: length({ tag: "ChannelItem", connectionId: 0, id: 1, item: new Uint8Array() }),
} as const;

/** A number such as the small calls and the items carry (bytes). */
export const SMALL_BYTES = 2;
