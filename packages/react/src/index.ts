export { type CallSnapshot, CallStore } from "./call-store.ts";
export { type ChannelOptions, type ChannelSnapshot, ChannelStore } from "./channel-store.ts";
export { type SessionSnapshot, sessionStore } from "./session-store.ts";
export type { Store } from "./store.ts";
export { type Callable, type CallView, type UseCallOptions, useAnswer, useCall } from "./use-call.ts";
export { type ChannelView, useChannel } from "./use-channel.ts";
export { type HasSession, type SessionView, useSession } from "./use-session.ts";
