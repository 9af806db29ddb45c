export { type ChannelPlace, channelPlan, channelWalk } from "./channel-plan.ts";
export { asChannel, type ChannelNode, channelSchema, DEFAULT_CREDIT } from "./channel-schema.ts";
export { kebabCase } from "./kebab.ts";
export { methodId } from "./method-id.ts";
export type { Identity, Method, MethodDescriptor, Methods, Service } from "./service.ts";
export { signatureBytes } from "./signature.ts";
