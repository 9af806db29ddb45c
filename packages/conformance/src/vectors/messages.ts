import { fromHex } from "../hex.ts";
import type { Json, NeutralType } from "../neutral-type.ts";
import { checkRoundTrip } from "./postcard-values.ts";
import type { Tally } from "./tally.ts";
import { checkWireMessage } from "./wire-message.ts";

interface MessageCase {
  readonly name: string;
  readonly json: Json;
  readonly hex: string;
}

/** messages.json: every session message, by the schema recorded beside it and by the runtime's codec. */
export function checkMessages(file: unknown, tally: Tally, companion: (name: string) => unknown): void {
  const type = companion("messages_schema.json") as NeutralType;
  for (const c of file as readonly MessageCase[]) {
    tally.run(c.name, () => {
      checkRoundTrip(type, c.json, c.hex);
      checkWireMessage(fromHex(c.hex), c.json);
    });
  }
}
