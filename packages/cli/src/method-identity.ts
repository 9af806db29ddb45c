import { methodId, type SchemaDocument, servicesOf, signatureBytes } from "roam/schema";
import { t } from "roam-postcard";
import { methodText } from "./signature-text.ts";

/** One method and what its id comes from. */
export interface MethodIdentity {
  /** `Service.method` */
  readonly name: string;
  /** As the source states it: `0x` and 16 digits. */
  readonly id: string;
  /** From the signature. */
  readonly computed: string;
  /** Canonical bytes of the arguments, then of the return type, in hexadecimal. */
  readonly signature: string;
  readonly text: string;
}

export function identitiesOf(document: SchemaDocument): MethodIdentity[] {
  const services = servicesOf(document);
  return document.services.flatMap((described) =>
    described.methods.map((method): MethodIdentity => {
      const declared = services.get(described.name)?.methods[method.name];
      if (declared === undefined) throw new TypeError(`${described.name}.${method.name} is missing`);
      const { args, returns, error } = declared;
      const whole = error === undefined ? returns : t.result(returns, error);
      const bytes = signatureBytes(Object.values(args), whole);
      const computed = methodId(described.name, method.name, bytes);
      return {
        name: `${described.name}.${method.name}`,
        id: `0x${method.id}`,
        computed: `0x${computed.toString(16).padStart(16, "0")}`,
        signature: Buffer.from(bytes)
          .toString("hex")
          .replace(/..(?=.)/g, "$& "),
        text: methodText(method),
      };
    }),
  );
}

/** The document with the ids that its signatures give. */
export function withComputedIds(document: SchemaDocument): SchemaDocument {
  const ids = new Map(identitiesOf(document).map(({ name, computed }) => [name, computed.slice(2)]));
  const services = document.services.map((service) => ({
    ...service,
    methods: service.methods.map((method) => ({
      ...method,
      id: ids.get(`${service.name}.${method.name}`) ?? method.id,
    })),
  }));
  return { ...document, services };
}
