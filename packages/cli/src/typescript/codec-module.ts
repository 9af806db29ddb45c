import type { Service } from "roam";
import { channelPlan } from "roam/schema";
import type { Schema } from "roam-postcard";
import { staticCodeText } from "roam-postcard/static-text";
import { methodNames, propertyName } from "./names.ts";

const START = `// @ts-nocheck
/* eslint-disable */
/* biome-ignore-all lint: generated */
/* biome-ignore-all format: generated */
import type { ServiceCodecs } from "roam/static-codecs";
`;

/** The module of a service's straight-line codecs, for `withCodecs`. */
export function codecModule(service: Service): string {
  const codes = new Codes();
  const descriptors = [...service.descriptors().values()];
  const called = methodNames(descriptors.map(({ name }) => name));
  const lines = descriptors.flatMap(({ args, returnsCodec, errorCodec }, index) => {
    const items = channelPlan(args).map(({ item }) => codes.name(item));
    const parts = [
      ["args", codes.name(args)],
      ["returns", codes.name(returnsCodec.schema)],
      ["error", errorCodec === undefined ? undefined : codes.name(errorCodec.schema)],
      [
        "items",
        items.every((item) => item === undefined)
          ? undefined
          : `[${items.map((item) => item ?? "undefined").join(", ")}]`,
      ],
    ].filter(([, code]) => code !== undefined);
    const text = parts.map(([part, code]) => `${part}: ${code}`).join(", ");
    return text === "" ? [] : `  ${propertyName(called[index] as string)}: { ${text} },\n`;
  });
  const literal = lines.length === 0 ? "{}" : `{\n${lines.join("")}}`;
  return [START, ...codes.texts(), `\nexport const codecs: ServiceCodecs = ${literal};\n`].join("");
}

/** The codes of schemas, those of one text under one name. */
class Codes {
  readonly #names = new Map<string, string>();
  readonly #known = new Map<Schema, string | undefined>();

  /** Undefined for a schema without bytes, or without code. */
  name(schema: Schema): string | undefined {
    if (!this.#known.has(schema)) this.#known.set(schema, this.#newName(schema));
    return this.#known.get(schema);
  }

  #newName(schema: Schema): string | undefined {
    const text = schema.kind === "unit" ? undefined : staticCodeText(schema);
    if (text === undefined) return undefined;
    const name = this.#names.get(text) ?? `c${this.#names.size}`;
    this.#names.set(text, name);
    return name;
  }

  texts(): string[] {
    return [...this.#names].map(([text, name]) => `\nconst ${name} = ${text};\n`);
  }
}
