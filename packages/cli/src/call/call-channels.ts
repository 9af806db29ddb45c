import type { Readable } from "node:stream";
import { channel, type Rx, type Tx } from "roam";
import type { ChannelNode } from "roam/schema";
import { UsageFailure } from "../failure.ts";
import { JsonError, shown } from "../json/json-path.ts";
import type { Json } from "../json/parse-json.ts";
import { valueFromJson } from "../json/value-from-json.ts";
import { inputOf, itemsOfLines } from "../json-lines.ts";
import { LinesFrom } from "./text-value.ts";

/** What the handler sends, to be written out. */
export interface Output {
  readonly name: string;
  readonly channel: ChannelNode;
  readonly rx: Rx<unknown>;
}

interface Input {
  readonly name: string;
  readonly channel: ChannelNode;
  readonly tx: Tx<unknown>;
  readonly source: readonly Json[] | LinesFrom | undefined;
}

/** The channels of one call: made while its arguments are, then fed and read. */
export class CallChannels {
  readonly outputs: Output[] = [];
  readonly #inputs: Input[] = [];
  readonly #files: ReadonlyMap<string, LinesFrom>;

  /** @param files by path of the argument: inputs that come as lines of a file */
  constructor(files: ReadonlyMap<string, LinesFrom>) {
    this.#files = files;
  }

  /** For `valueFromJson`: the handle that goes with the call. */
  readonly make = (node: ChannelNode, json: Json | undefined, name: string): unknown => {
    const [tx, rx] = channel<unknown>();
    if (node.direction === "tx") {
      // Inside an option something has to be said for it to be there.
      if (json !== undefined && json !== null && json !== true) {
        throw new JsonError(
          name,
          "the handler sends on this channel; its items are written out: leave it away, or say true where it is optional",
        );
      }
      this.outputs.push({ name, channel: node, rx });
      return tx;
    }
    const file = this.#files.get(name);
    if (json !== undefined && json !== null && !Array.isArray(json) && file === undefined) {
      throw new JsonError(
        name,
        `expected an array of items, @file, or - for standard input, got ${shown(json)}`,
      );
    }
    this.#inputs.push({
      name,
      channel: node,
      tx,
      source: file ?? (json as readonly Json[] | null) ?? undefined,
    });
    return rx;
  };

  /** Names of the inputs that standard input is for. */
  get fromStdin(): string[] {
    return this.#inputs.filter(({ source }) => isStdin(source)).map(({ name }) => name);
  }

  /** Items that make no sense are found before the call is made, where they are known by then. */
  check(): void {
    for (const { channel: node, source, name } of this.#inputs) {
      if (Array.isArray(source)) items(source, node, name);
    }
    if (this.fromStdin.length > 1) {
      throw new UsageFailure(
        `there is one standard input for ${this.fromStdin.join(" and ")}`,
        `give the others as arrays or files: --${this.fromStdin.at(-1)} @items.jsonl`,
      );
    }
  }

  /**
   * Sends all items, at the handler's pace, and closes the channels. Ends early where the handler
   * wants no more.
   *
   * @param onError an item made no sense, or its source failed
   */
  async feed(stdin: Readable, signal: AbortSignal, onError: (error: unknown) => void): Promise<void> {
    await Promise.all(
      this.#inputs.map(async ({ name, channel: node, tx, source }) => {
        const given = Array.isArray(source)
          ? items(source, node, name)
          : itemsOfLines(
              inputOf(source instanceof LinesFrom ? source.file : "-", stdin),
              node.item,
              name,
              signal,
            );
        try {
          for await (const item of given) await orStopped(tx, item, signal);
          if (!signal.aborted) await tx.close();
        } catch (error) {
          // How a channel ends, the call itself tells; it is news if the items are at fault.
          if (!signal.aborted && !isChannelEnd(error)) onError(error);
        }
      }),
    );
  }
}

function orStopped(tx: Tx<unknown>, item: unknown, signal: AbortSignal): Promise<void> {
  return tx.send(item, { signal });
}

function items(source: readonly Json[], { item }: ChannelNode, name: string): unknown[] {
  return source.map((json, index) => valueFromJson(item, json, { path: `${name}[${index}]` }));
}

function isStdin(source: Input["source"]): boolean {
  return source === undefined || (source instanceof LinesFrom && source.file === "-");
}

function isChannelEnd(error: unknown): boolean {
  const { code } = error as { code?: string };
  return ["channel-reset", "closed", "aborted", "io", "session-lost", "cancelled", "protocol-error"].includes(
    code ?? "",
  );
}
