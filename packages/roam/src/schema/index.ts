export { type ChannelPlace, channelPlan, channelWalk } from "./channel-plan.ts";
export { asChannel, type ChannelNode, channelSchema, DEFAULT_CREDIT } from "./channel-schema.ts";
export { checkDocument } from "./check-document.ts";
export { type Docs, documentOf } from "./document-of.ts";
export { kebabCase } from "./kebab.ts";
export { methodId } from "./method-id.ts";
export { insideOpaque, opaqueSchema } from "./opaque-schema.ts";
export {
  type DescribedField,
  type DescribedMethod,
  type DescribedService,
  type DescribedType,
  type DescribedVariant,
  PRIMITIVE_NAMES,
  type PrimitiveName,
  type SchemaDocument,
  type TypeRef,
  tagOf,
} from "./schema-document.ts";
export type { Identity, Method, MethodDescriptor, Methods, Service } from "./service.ts";
export { servicesOf } from "./services-of.ts";
export { signatureBytes } from "./signature.ts";
