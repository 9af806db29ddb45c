export {
  type Introspected,
  type IntrospectionClient,
  type IntrospectOptions,
  introspect,
  openIntrospection,
} from "./introspect.ts";
export {
  ChannelStats,
  ConnectionStats,
  Health,
  Introspection,
  MethodStats,
  ServedService,
  SessionStats,
  Stats,
  Totals,
  WaitStats,
} from "./introspection-service.ts";
export type { IntrospectionOptions } from "./offer.ts";
