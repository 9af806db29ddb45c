import { LINK_THREATS } from "./link-threats.ts";
import { MESSAGE_THREATS } from "./message-threats.ts";
import { READER_THREATS } from "./reader-threats.ts";
import { SESSION_THREATS } from "./session-threats.ts";
import type { Threat } from "./threat.ts";
import { WEBSOCKET_THREATS } from "./websocket-threats.ts";

/** The threat model, in the order in which it is played. */
export const THREATS: readonly Threat[] = [
  ...LINK_THREATS,
  ...MESSAGE_THREATS,
  ...READER_THREATS,
  ...SESSION_THREATS,
  ...WEBSOCKET_THREATS,
];
