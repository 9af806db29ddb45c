import { checkDocument, documentOf, servicesOf } from "roam/schema";
import { DecodeError, Reader } from "roam-postcard";
import { Testbed } from "../../../../../examples/testbed/testbed.ts";
import { Probe } from "../../probe.ts";
import { textPieces } from "../dictionary.ts";
import { Broken, type FuzzTarget } from "../fuzz-target.ts";
import { mutatedJson } from "../json-mutation.ts";

const DOCUMENT = documentOf([Testbed, Probe]);
/** Few words for a type that holds another one 2^40 times; its methods use a smaller one. */
const DOUBLING = {
  roamSchema: 1,
  services: [
    {
      name: "S",
      methods: [
        {
          name: "m",
          id: "0000000000000001",
          args: [{ name: "a", type: { list: { ref: "D2" } } }],
          returns: { ref: "D3" },
        },
      ],
    },
  ],
  types: Object.fromEntries(
    Array.from({ length: 40 }, (_, at) => {
      const inner = at === 0 ? "u8" : { ref: `D${at - 1}` };
      return [`D${at}`, { name: "D", kind: "tupleStruct", items: [inner, inner] }];
    }),
  ),
};
/** Values by themselves: nothing, and what counts go up to. */
const ANSWERS = [new Uint8Array(64), new Uint8Array(64).fill(1), new Uint8Array(64).fill(0xff)];
// A channel handle takes no bytes.
const handles = { next: () => undefined };

function parsed(input: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(input));
  } catch {
    return undefined;
  }
}

function run(input: Uint8Array): void {
  const document = parsed(input);
  const services = taken(document);
  if (services === undefined) return;
  // What was taken can be told, and that is taken as well and tells the same.
  const told = documentOf(services);
  checkDocument(told);
  const again = JSON.stringify(documentOf([...servicesOf(told).values()]));
  if (again !== JSON.stringify(told)) throw new Broken("a document of a document is another");
}

/** The services of a document, their codecs used; undefined if it is refused in a proper way. */
function taken(document: unknown): Parameters<typeof documentOf>[0] | undefined {
  try {
    const services = [...servicesOf(document).values()];
    for (const service of services) {
      for (const { argsCodec, returnsCodec } of service.descriptors().values()) {
        for (const answer of ANSWERS) {
          decodable(argsCodec.decode, answer);
          decodable(returnsCodec.decode, answer);
        }
      }
    }
    return services;
  } catch (error) {
    if (error instanceof TypeError && isTold(error)) return undefined;
    throw error;
  }
}

/** An error of ours, not one of the engine's: it says what is wrong with the document. */
function isTold({ message }: TypeError): boolean {
  return !/^Cannot (read|convert|set)|is not (a function|iterable|a constructor)|Class constructor/.test(
    message,
  );
}

function decodable(decode: (reader: Reader) => unknown, bytes: Uint8Array): void {
  const reader = new Reader(bytes);
  reader.context = handles;
  try {
    decode(reader);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
  }
}

/** Descriptions of services, which a peer may send and a file may hold. */
export const target: FuzzTarget = {
  run,
  measure: (input) => {
    taken(parsed(input));
  },
  mutate: mutatedJson,
  seeds: () =>
    [
      ...DOCUMENT.services.map((service) => JSON.stringify({ ...DOCUMENT, services: [service] })),
      JSON.stringify(DOUBLING),
      '{"roamSchema":1,"services":[],"types":{}}',
      '{"roamSchema":1,"services":[{"name":"S","methods":[{"name":"m","id":"0000000000000001","args":[{"name":"a","type":{"ref":"T"}}],"returns":{"array":"unit","length":3}}]}],"types":{"T":{"name":"T","kind":"tupleStruct","items":["u8",{"list":{"ref":"T"}}]}}}',
    ].map((text) => new TextEncoder().encode(text)),
  maxBytes: 16_384,
  isText: true,
  dictionary: textPieces('"', "{}", "[]", ",", ":", "null", '"__proto__"', "1e999", "-0", "9007199254740992"),
};
