import { ProtocolError, RoamError } from "roam";
import { decodeMessage, Metadata } from "roam/wire";
import { DecodeError, Reader } from "roam-postcard";
import {
  decodeClientHello,
  decodeServerHello,
  encodeClientHello,
  encodeServerHello,
  HELLO_BYTES,
  hasClientMagic,
} from "../../../../roam/src/conduit/stable/hello.ts";
import { type HandshakeOffer, onFirstMessage } from "../../../../roam/src/session/handshake.ts";
import frames from "../../../vectors/frames.json" with { type: "json" };
import messages from "../../../vectors/messages.json" with { type: "json" };
import { BYTES } from "../dictionary.ts";
import { Broken, type FuzzTarget } from "../fuzz-target.ts";
import { expectSame, outcome } from "../same-result.ts";

const OFFER: HandshakeOffer = { parity: "odd", maxConcurrentRequests: 64, metadata: Metadata.EMPTY };

/** First payload of a link, of whatever kind: what a listener, and a dialling side, does with it. */
function run(input: Uint8Array): void {
  stableHellos(input);
  const decoded = outcome(() => ({ value: decodeMessage(new Reader(input)), end: input.length }));
  if ("error" in decoded) return;
  const message = decoded.value as ReturnType<typeof decodeMessage>;
  for (const role of ["initiator", "acceptor"] as const) {
    const step = onFirstMessage(role, OFFER, message);
    const isGood = role === "acceptor" ? isGoodHello(message) : isGoodAnswer(message);
    if ((step.kind === "established") !== isGood) throw new Broken(`${role}: ${step.kind}`);
    if (step.kind === "failed" && !(step.error instanceof RoamError)) throw new Broken("another error");
    // A refusal by the counterpart is no violation of a rule, and is not answered.
    if (step.kind === "failed" && step.isAnswered !== step.error instanceof ProtocolError) {
      throw new Broken(`${role}: ${step.error.message} is${step.isAnswered ? "" : " not"} answered`);
    }
  }
}

type First = ReturnType<typeof decodeMessage>;

function isGoodHello(message: First): boolean {
  return message.tag === "Hello" && message.connectionId === 0 && message.version === 7;
}

function isGoodAnswer(message: First): boolean {
  return message.tag === "HelloYourself" && message.connectionId === 0 && message.settings.parity === "even";
}

function stableHellos(input: Uint8Array): void {
  const client = outcome(() => ({ value: decodeClientHello(input), end: input.length }));
  const server = outcome(() => ({ value: decodeServerHello(input), end: input.length }));
  const isClient = input.length === HELLO_BYTES && hasClientMagic(input);
  if ("value" in client !== isClient) throw new Broken("a client hello is one by its magic and length");
  if ("value" in client && "value" in server) throw new Broken("one hello for both sides");
  if ("value" in client) {
    const { resumeKey, lastReceived } = client.value as ReturnType<typeof decodeClientHello>;
    expectFields(input, resumeKey, lastReceived, ((input[4] ?? 0) & 1) !== 0);
    const bytes = encodeClientHello(client.value as ReturnType<typeof decodeClientHello>);
    const again = outcome(() => ({ value: decodeClientHello(bytes), end: bytes.length }));
    expectSame("client hello", again, client);
  }
  if ("value" in server) {
    const { isRejected, resumeKey, lastReceived } = server.value as ReturnType<typeof decodeServerHello>;
    expectFields(input, resumeKey, lastReceived, true);
    if (isRejected !== (((input[4] ?? 0) & 1) !== 0)) throw new Broken(`rejected: ${isRejected}`);
    const bytes = encodeServerHello(server.value as ReturnType<typeof decodeServerHello>);
    const again = outcome(() => ({ value: decodeServerHello(bytes), end: bytes.length }));
    expectSame("server hello", again, server);
  }
}

/** What both hellos say, by the places of the contract. */
function expectFields(
  input: Uint8Array,
  resumeKey: Uint8Array | undefined,
  lastReceived: number | undefined,
  hasKey: boolean,
): void {
  const key = hasKey ? Buffer.from(input.subarray(5, 21)) : undefined;
  if (resumeKey === undefined ? key !== undefined : key === undefined || key.compare(resumeKey) !== 0) {
    throw new Broken("another resume key");
  }
  const number = ((input[4] ?? 0) & 2) === 0 ? undefined : Buffer.from(input).readUInt32LE(21);
  if (lastReceived !== number) throw new Broken(`last received ${lastReceived}, not ${number}`);
}

/** First payloads: hellos of sessions and of stable conduits. */
export const target: FuzzTarget = {
  run,
  measure: (input) => {
    try {
      if (hasClientMagic(input)) decodeClientHello(input);
      else onFirstMessage("acceptor", OFFER, decodeMessage(new Reader(input)));
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
  },
  seeds: () =>
    [...frames.filter(({ kind }) => kind !== "frame"), ...messages.slice(0, 40)].map(
      ({ hex }) => new Uint8Array(Buffer.from(hex, "hex")),
    ),
  maxBytes: 256,
  dictionary: BYTES,
};
