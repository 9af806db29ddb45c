import { knownIds, type Method, method, type Service, service } from "roam";
import type { MethodDescriptor } from "roam/schema";
import { type Schema, t } from "roam-postcard";
import { neutral } from "../neutral.ts";
import type { RecordedMethod, RecordedService } from "../transcript.ts";
import type { MessageOf } from "./scene.ts";

/** The service that the transcripts are about, as ours. */
export class RecordedMethods {
  readonly service: Service;
  readonly #byId: ReadonlyMap<bigint, MethodDescriptor>;

  private constructor(own: Service) {
    this.service = own;
    const descriptors = [...own.descriptors().values()];
    this.#byId = new Map(descriptors.map((descriptor) => [descriptor.id, descriptor]));
  }

  static from({ service: name, methods }: RecordedService): RecordedMethods {
    const declared = methods.map((each) => [each.name, methodOf(each)]);
    return new RecordedMethods(service(name, Object.fromEntries(declared)));
  }

  /** The same, where the named methods answer with bytes of the handler's making. */
  withUntypedAnswers(names: ReadonlySet<string>): RecordedMethods {
    const { service: own } = this;
    const methods = Object.entries(own.methods).map(([name, { args, returns, error }]) => {
      if (names.has(name)) return [name, method(args, t.trailing, t.trailing)];
      return [name, error === undefined ? method(args, returns) : method(args, returns, error)];
    });
    const ids = [...own.descriptors()].map(([name, { id }]) => [name, id]);
    return new RecordedMethods(knownIds(own.name, Object.fromEntries(methods), Object.fromEntries(ids)));
  }

  /** The method that a call means; undefined if the service has none. */
  of(call: MessageOf<"RequestCall">): MethodDescriptor | undefined {
    return this.#byId.get(methodIdOf(call));
  }
}

export function methodIdOf({ methodLo, methodHi }: MessageOf<"RequestCall">): bigint {
  return (BigInt(methodHi) << 32n) | BigInt(methodLo);
}

function methodOf({ args, ret }: RecordedMethod): Method {
  const known = new Map();
  const schemaOf = (type: typeof ret): Schema => neutral(type, known).schema;
  const fields = Object.fromEntries(args.map((arg) => [arg.name, schemaOf(arg.type)]));
  return ret.kind === "result"
    ? method(fields, schemaOf(ret.ok), schemaOf(ret.err))
    : method(fields, schemaOf(ret));
}
