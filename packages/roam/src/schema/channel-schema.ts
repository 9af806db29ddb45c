import { type Schema, type SchemaNode, t } from "roam-postcard";

/** Items a channel's sender may send before the first grant, unless the type says otherwise. */
export const DEFAULT_CREDIT = 16;

/**
 * A channel in an argument type. The direction is the handler's: it sends into a `tx` and
 * receives from an `rx`. On the wire the handle itself takes no bytes.
 */
export interface ChannelNode {
  readonly direction: "tx" | "rx";
  readonly item: Schema;
  /** Initial credit (items). */
  readonly credit: number;
}

const channels = new WeakMap<object, ChannelNode>();

/** What stands for channel handles while arguments are coded; set as `context` of the cursor. */
export interface ChannelContext {
  /** The next handle in declaration order. */
  next(channel: ChannelNode): unknown;
}

// r[impl rpc.channel.payload-encoding]
export function channelSchema<T>(direction: "tx" | "rx", item: Schema, credit: number): Schema<T> {
  if (!Number.isInteger(credit) || credit < 0 || credit > 0xffff_ffff) {
    throw new RangeError(`initial credit ${credit} is not a u32`);
  }
  const channel: ChannelNode = { direction, item, credit };
  const schema = t.custom<T>({
    name: direction,
    minBytes: 0,
    encode: () => {},
    decode: (reader) => {
      const context = reader.context as ChannelContext | undefined;
      if (context === undefined) throw new TypeError("a channel can only be decoded as part of a call");
      return context.next(channel);
    },
  });
  channels.set(schema, channel);
  return schema;
}

/** The channel that a schema is, or undefined. */
export function asChannel(schema: Schema | SchemaNode): ChannelNode | undefined {
  return channels.get(schema);
}
