import { compile, type Field, type Schema, t } from "roam-postcard";
import { channelSchema } from "../schema/channel-schema.ts";
import type { MethodDescriptor, UntypedAdapter } from "../schema/service.ts";
import { UserFailure } from "./call-error.ts";
import type { HandledMethod } from "./handler.ts";
import { type Answers, answersWith } from "./response.ts";
import { channelOf } from "./versions.ts";

/** A method of an older signature, served by the function of the newer one. */
export function olderMethod(
  older: MethodDescriptor,
  adapters: UntypedAdapter,
  newer: HandledMethod,
): HandledMethod {
  const { items = {}, args } = adapters;
  return {
    method: Object.keys(items).length === 0 ? older : withItems(older, items),
    run: newer.run,
    answers: adaptedAnswers(older, adapters),
    adapt: args,
  };
}

/** The method, whose channels carry the newer items to and from the handler. */
function withItems(older: MethodDescriptor, items: NonNullable<UntypedAdapter["items"]>): MethodDescriptor {
  const argFields = older.argFields.map(({ name, schema }): Field => {
    const channel = channelOf(older, name);
    const adapt = items[name];
    if (channel === undefined || adapt === undefined) return { name, schema };
    const { direction, item, credit } = channel;
    return { name, schema: channelSchema(direction, adaptedItem(item, adapt), credit) };
  });
  const fields = Object.fromEntries(argFields.map(({ name, schema }) => [name, schema]));
  const args = t.struct(`${older.service}.${older.name}`, fields) as Schema<Record<string, unknown>>;
  return { ...older, args, argFields, argsCodec: compile(args) };
}

/** Only one of the two happens: a channel has one direction. */
function adaptedItem(item: Schema, adapt: (item: unknown) => unknown): Schema {
  const codec = compile(item);
  return t.custom({
    name: "adapted item",
    minBytes: 0,
    encode: (writer, value: unknown) => codec.encode(writer, adapt(value)),
    decode: (reader) => adapt(codec.decode(reader)),
  });
}

/** Values are adapted when they are encoded, so that what an adapter throws is told as any unfit value is. */
function adaptedAnswers({ returnsCodec, errorCodec }: MethodDescriptor, adapters: UntypedAdapter): Answers {
  const { returns = same, error = same } = adapters;
  return answersWith({
    encodeOk(writer, value) {
      let adapted: unknown;
      try {
        adapted = returns(value);
      } catch (thrown) {
        if (!(thrown instanceof UserFailure) || errorCodec === undefined) throw thrown;
        writer.u8(1);
        writer.u8(0);
        return errorCodec.encode(writer, thrown.detail);
      }
      writer.u8(0);
      returnsCodec.encode(writer, adapted);
    },
    encodeError:
      errorCodec === undefined && adapters.error === undefined
        ? undefined
        : (writer, detail) => {
            const adapted = error(detail);
            if (errorCodec === undefined) {
              writer.u8(0);
              return returnsCodec.encode(writer, adapted);
            }
            writer.u8(1);
            writer.u8(0);
            errorCodec.encode(writer, adapted);
          },
  });
}

function same(value: unknown): unknown {
  return value;
}
