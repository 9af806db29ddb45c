import { type Client, channel, type Rx, type Tx } from "roam";
import type { ChannelNode, Methods } from "roam/schema";
import type { GivenArgs } from "../../call/call-args.ts";
import type { FoundMethod } from "../../call/find-method.ts";
import { LinesFrom } from "../../call/text-value.ts";
import { UsageFailure } from "../../failure.ts";
import { JsonError } from "../../json/json-path.ts";
import type { Json } from "../../json/parse-json.ts";
import { valueFromJson } from "../../json/value-from-json.ts";
import { methodText } from "../../signature-text.ts";

/** Makes one call. @returns items that went either way */
export type BenchCall = (client: Client<Methods>, signal: AbortSignal) => Promise<number>;

interface Ends {
  readonly inputs: { readonly tx: Tx<unknown>; readonly items: readonly unknown[] }[];
  readonly outputs: Rx<unknown>[];
}

type Ask = (args: unknown, options: { signal: AbortSignal; timeoutMs?: number }) => Promise<unknown>;

/**
 * The call that is made again and again: arguments are made once where they can be, items in are
 * sent, items out are read to their end.
 *
 * @throws UsageFailure for arguments that make no sense
 */
export function benchCall(method: FoundMethod, given: GivenArgs, timeoutMs: number | undefined): BenchCall {
  const { descriptor } = method;
  const json = jsonArgs(given);
  const options = timeoutMs === undefined ? {} : { timeoutMs };
  const make = () => argsOf(method, json);
  // What makes no sense is told before anything is sent.
  const once = make();
  const ask = (client: Client<Methods>) => (client as unknown as Record<string, Ask>)[descriptor.name] as Ask;
  if (!descriptor.hasChannels) {
    return async (client, signal) => {
      await ask(client)(once.args, { signal, ...options });
      return 0;
    };
  }
  return async (client, signal) => {
    const { args, ends } = make();
    const items = Promise.all([...ends.inputs.map(feed), ...ends.outputs.map(drain)]);
    items.catch(() => {});
    await ask(client)(args, { signal, ...options });
    return (await items).reduce((sum, one) => sum + one, 0);
  };
}

function jsonArgs(given: GivenArgs): Readonly<Record<string, Json>> {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => {
      if (!(value instanceof LinesFrom)) return [name, value];
      throw new UsageFailure(`${name}: items of a benchmark are given as an array`, `--${name} '[1, 2, 3]'`);
    }),
  );
}

function argsOf(method: FoundMethod, json: Readonly<Record<string, Json>>): { args: unknown; ends: Ends } {
  const ends: Ends = { inputs: [], outputs: [] };
  const make = (node: ChannelNode, items: Json | undefined, name: string): unknown => {
    const [tx, rx] = channel<unknown>();
    if (node.direction === "tx") {
      ends.outputs.push(rx);
      return tx;
    }
    if (!Array.isArray(items ?? [])) throw new JsonError(name, "items of a benchmark are given as an array");
    const list = (items ?? []) as readonly Json[];
    ends.inputs.push({
      tx,
      items: list.map((item, index) => valueFromJson(node.item, item, { path: `${name}[${index}]` })),
    });
    return rx;
  };
  try {
    return { args: valueFromJson(method.descriptor.args, json, { channel: make }), ends };
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new UsageFailure(error.message, `the method is ${methodText(method.described)}`);
  }
}

async function feed({ tx, items }: Ends["inputs"][number]): Promise<number> {
  try {
    for (const item of items) await tx.send(item);
    await tx.close();
  } catch (error) {
    // The handler wanted no more; how the call ends is what counts.
    if ((error as { code?: string }).code !== "channel-reset") throw error;
  }
  return items.length;
}

async function drain(rx: Rx<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of rx) count++;
  return count;
}
