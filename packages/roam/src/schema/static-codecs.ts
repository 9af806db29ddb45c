import { compile } from "roam-postcard";
import { type StaticCode, useStaticCode } from "roam-postcard/static";
import { channelPlan } from "./channel-plan.ts";
import type { MethodDescriptor, Methods, Service } from "./service.ts";

export type { StaticCode };

/** The codes of a method's types; what has none is left to closures. */
export interface MethodCodecs {
  readonly args?: StaticCode;
  readonly returns?: StaticCode;
  readonly error?: StaticCode;
  /** Items of the channels in the arguments, in declaration order. */
  readonly items?: readonly (StaticCode | undefined)[];
}

/** Method name to the codes of its types, as a generated module carries them. */
export type ServiceCodecs = Readonly<Record<string, MethodCodecs>>;

/**
 * The service with straight-line codecs that were made beforehand: as fast as those made at run
 * time, on pages too whose content security policy forbids code from strings. At what is not usual,
 * errors above all, closures do the value again from its start.
 */
export function withCodecs<M extends Methods>(service: Service<M>, codecs: ServiceCodecs): Service<M> {
  let descriptors: ReadonlyMap<string, MethodDescriptor> | undefined;
  return {
    ...service,
    descriptors() {
      if (descriptors === undefined) {
        descriptors = service.descriptors();
        for (const [name, descriptor] of descriptors) useCodecs(descriptor, codecs[name] ?? {});
      }
      return descriptors;
    },
  };
}

function useCodecs(method: MethodDescriptor, { args, returns, error, items = [] }: MethodCodecs): void {
  if (args !== undefined) useStaticCode(method.argsCodec, args);
  if (returns !== undefined) useStaticCode(method.returnsCodec, returns);
  if (error !== undefined && method.errorCodec !== undefined) useStaticCode(method.errorCodec, error);
  for (const [index, { item }] of channelPlan(method.args).entries()) {
    const code = items[index];
    if (code !== undefined) useStaticCode(compile(item), code);
  }
}
