/** Metadata `service` of the open that asks for introspection. */
export const INTROSPECTION_NAME = "Introspection";
