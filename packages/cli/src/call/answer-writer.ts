import type { MethodDescriptor } from "roam/schema";
import type { Schema } from "roam-postcard";
import type { Io } from "../io.ts";
import { jsonFromValue } from "../json/json-from-value.ts";
import { jsonText } from "../json/json-text.ts";
import type { Output } from "./call-channels.ts";

/**
 * Writes what a call gives: items of its channels, then its value or its own error, as JSON.
 * Where only one kind of thing can come it stands alone; else each line says what it is.
 */
export class AnswerWriter {
  readonly #method: MethodDescriptor;
  readonly #io: Io;
  /** Each line is `{"item": …, "channel": …}`, `{"value": …}` or `{"error": …}`. */
  readonly #isLabelled: boolean;
  readonly #hasOutputs: boolean;

  constructor(method: MethodDescriptor, outputs: readonly Output[], io: Io) {
    this.#method = method;
    this.#io = io;
    this.#hasOutputs = outputs.length > 0;
    const isMixed = outputs.length > 1 || (outputs.length === 1 && !this.#returnsNothing);
    this.#isLabelled = io.isJson || isMixed;
  }

  get #returnsNothing(): boolean {
    return this.#method.returnsCodec.schema.kind === "unit";
  }

  item({ name, channel }: Output, value: unknown): Promise<void> {
    const json = jsonFromValue(channel.item, value);
    if (this.#isLabelled) return this.#io.jsonLine({ channel: name, item: json });
    return this.#io.paint.isOn ? this.#io.line(jsonText(json, this.#io.paint)) : this.#io.jsonLine(json);
  }

  async value(value: unknown): Promise<void> {
    const { schema } = this.#method.returnsCodec;
    if (this.#isLabelled) return this.#io.jsonLine({ value: jsonFromValue(schema, value) });
    if (this.#hasOutputs) return;
    await this.#alone(schema, value);
  }

  async error(detail: unknown): Promise<void> {
    const schema = this.#method.errorCodec?.schema;
    if (schema === undefined) return;
    if (this.#isLabelled) return this.#io.jsonLine({ error: jsonFromValue(schema, detail) });
    await this.#alone(schema, detail);
  }

  /** Indented for a person, on one line for a program. */
  #alone(schema: Schema, value: unknown): Promise<void> {
    const json = jsonFromValue(schema, value);
    if (!this.#io.isOutputTerminal) return this.#io.jsonLine(json);
    return this.#io.line(jsonText(json, this.#io.paint));
  }
}
