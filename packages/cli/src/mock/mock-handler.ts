import { setTimeout as pause } from "node:timers/promises";
import { type CallContext, type Handler, implement, Rx, Tx } from "roam";
import { asChannel, type MethodDescriptor, type Methods, type Service } from "roam/schema";
import { nodeOf } from "roam-postcard";
import { jsonFromValue } from "../json/json-from-value.ts";
import { plausibleValue } from "./plausible-value.ts";
import { Random } from "./random.ts";

export interface MockOptions {
  readonly seed: number;
  /** Items sent on each channel. */
  readonly items: number;
  /** Time between items (ms). */
  readonly everyMs: number;
}

/** Answers every method with made-up values: the same for the same seed, method and arguments. */
export function mockHandler(service: Service, options: MockOptions): Handler {
  const functions = Object.fromEntries(
    [...service.descriptors().values()].map((method) => [
      method.name,
      (args: Record<string, unknown>, call: CallContext) => answer(method, args, call, options),
    ]),
  );
  return implement(service as Service<Methods>, functions as never);
}

async function answer(
  method: MethodDescriptor,
  args: Record<string, unknown>,
  { signal }: CallContext,
  { seed, items, everyMs }: MockOptions,
): Promise<unknown> {
  const plain = Object.fromEntries(
    method.argFields
      .filter(({ schema }) => asChannel(schema) === undefined)
      .map(({ name, schema }) => [name, jsonFromValue(schema, args[name])]),
  );
  const random = new Random(`${seed} ${method.service}.${method.name} ${JSON.stringify(plain)}`);
  // What was asked for comes back: an invoice has the id that it was looked up by.
  const known = Object.fromEntries(
    Object.entries(args).filter(([, value]) => ["string", "number", "bigint"].includes(typeof value)),
  );
  for (const { name, schema } of method.argFields) {
    const channel = asChannel(schema);
    const end = args[name];
    if (channel !== undefined && end instanceof Rx) for await (const _ of end);
    if (channel === undefined || !(end instanceof Tx)) continue;
    for (let index = 0; index < items; index++) {
      if (index > 0 && everyMs > 0) await pause(everyMs, undefined, { signal });
      await end.send(plausibleValue(channel.item, name, { random, known: index === 0 ? known : {} }));
    }
    await end.close();
  }
  const { schema } = method.returnsCodec;
  return nodeOf(schema).kind === "unit" ? undefined : plausibleValue(schema, method.name, { random, known });
}
