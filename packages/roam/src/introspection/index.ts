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
} from "./introspection-service.ts";
export type { IntrospectionOptions } from "./offer.ts";
