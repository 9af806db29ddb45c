export {
  type Introspected,
  type IntrospectionClient,
  type IntrospectOptions,
  introspect,
  openIntrospection,
} from "./introspect.ts";
export {
  ConnectionStats,
  Health,
  Introspection,
  ServedService,
  SessionStats,
  Stats,
  Totals,
} from "./introspection-service.ts";
export type { IntrospectionOptions } from "./offer.ts";
