import { readFile } from "node:fs/promises";
import { Metadata, MetadataEntry } from "roam";
import { documentOf, type SchemaDocument } from "roam/schema";
import { SENSITIVE } from "roam/wire";
import { documentFrom, introspected, NO_INTROSPECTION } from "../document-from.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { Failure, UsageFailure } from "../failure.ts";
import { tellFindings } from "../findings.ts";
import type { Io } from "../io.ts";
import { mergeDocuments } from "../merge-documents.ts";
import { openPeer, type Peer, type PeerOptions, pairOf } from "../peer.ts";
import { printable } from "../printable.ts";
import { callArgs, type GivenArgs } from "./call-args.ts";
import { type FoundMethod, findMethod } from "./find-method.ts";
import { makeCall } from "./make-call.ts";
import type { TextSource } from "./text-value.ts";

/** What `roam call` takes beyond how the peer is reached. */
export interface CallCommandOptions extends PeerOptions {
  readonly schema?: string;
  readonly types?: string;
  readonly timeout?: number;
  readonly metadata?: readonly string[];
  readonly secret?: readonly string[];
  readonly repeat: number;
  readonly virtual: boolean;
  readonly verbose: boolean;
}

export async function runCall(
  [url = "", name = "", ...words]: readonly string[],
  options: CallCommandOptions,
  io: Io,
): Promise<ExitCode> {
  const metadata = callMetadata(options);
  // A schema at hand is read first: what makes no sense is then told without a connection.
  const stated = await statedMethod(name, options, io);
  const early = stated && (await argsFor(stated, words, io));
  await using peer = await openPeer(url, within(options), io);
  const told = stated === undefined ? await toldMethod(peer, name, io) : undefined;
  const method = stated ?? (told as ToldMethod).method;
  const args = early ?? (await argsFor(method, words, io));
  const client = await peer.client(method.service, {
    isVirtual: options.virtual || told?.isVirtual === true,
  });
  const onAnswer = (received: Metadata, tookMs: number) => {
    if (options.verbose) tellAnswer(received, tookMs, io);
  };
  if (options.verbose) tellCall(peer, method, metadata, io);
  let exit: ExitCode = EXIT.ok;
  for (let round = 0; round < options.repeat; round++) {
    const one = await makeCall(client, method, args, { timeoutMs: options.timeout, metadata, onAnswer }, io);
    if (exit === EXIT.ok) exit = one;
  }
  return exit;
}

export function argsFor({ descriptor }: FoundMethod, words: readonly string[], io: Io): Promise<GivenArgs> {
  const name = `${descriptor.service}.${descriptor.name}`;
  return callArgs(descriptor.argFields, words, name, new OnceRead(io));
}

/** A call's timeout is for all of it: nobody who gives it 100 ms wants to wait 10 s for a session. */
function within(options: CallCommandOptions): PeerOptions {
  const { timeout = Number.POSITIVE_INFINITY, connectTimeout } = options;
  return { ...options, connectTimeout: Math.min(timeout, connectTimeout) };
}

export async function statedMethod(
  name: string,
  { schema, types }: Pick<CallCommandOptions, "schema" | "types">,
  io: Io,
): Promise<FoundMethod | undefined> {
  if (schema === undefined) return undefined;
  const { document, findings } = await documentFrom(schema, types === undefined ? {} : { types }, io);
  try {
    return findMethod(document, name);
  } catch (error) {
    // It may be missing for one of these.
    tellFindings(findings, io);
    throw error;
  }
}

export interface ToldMethod {
  readonly method: FoundMethod;
  readonly isVirtual: boolean;
}

export async function toldMethod(peer: Peer, name: string, io: Io): Promise<ToldMethod> {
  const told = await introspected(peer, io);
  if (told === undefined) {
    throw new Failure(`${peer.url} does not tell what it serves`, {
      exit: EXIT.peer,
      hint: NO_INTROSPECTION,
    });
  }
  const method = findMethod(await withIntrospection(told.document, name), name);
  const isRoot = told.services.some((one) => one.is_root && one.name === method.service.name);
  return { method, isVirtual: !isRoot };
}

/** The service that tells can be called itself, for health and statistics. */
async function withIntrospection(document: SchemaDocument, name: string): Promise<SchemaDocument> {
  const { Introspection } = await import("roam/introspection");
  const isMeant = name.startsWith(`${Introspection.name}.`);
  return isMeant ? mergeDocuments([document, documentOf([Introspection])]) : document;
}

function callMetadata({ metadata = [], secret = [] }: CallCommandOptions): Metadata {
  const entries = (texts: readonly string[], flags: bigint) =>
    texts.map((text) => new MetadataEntry(...pairOf(text, "metadata"), flags));
  return Metadata.EMPTY.with(...entries(metadata, 0n), ...entries(secret, SENSITIVE));
}

/** Standard input as a text can be had once. */
class OnceRead implements TextSource {
  readonly #io: Io;
  #isTaken = false;

  constructor(io: Io) {
    this.#io = io;
  }

  async read(name: string): Promise<Uint8Array> {
    if (name !== "-") return readFile(name);
    if (this.#isTaken)
      throw new UsageFailure("standard input can be read once", "write the others to files: @file");
    this.#isTaken = true;
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.#io.stdin)
      chunks.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
    return Buffer.concat(chunks);
  }
}

function tellCall({ session }: Peer, { descriptor }: FoundMethod, metadata: Metadata, io: Io): void {
  const { dim } = io.notePaint;
  const { state } = session;
  const conduit = state.kind === "connected" ? `, ${state.conduit} conduit` : "";
  io.note(dim(`> ${session.peer}${conduit}`));
  io.note(
    dim(`> ${descriptor.service}.${descriptor.name} 0x${descriptor.id.toString(16).padStart(16, "0")}`),
  );
  tellMetadata(">", metadata, io);
}

function tellAnswer(metadata: Metadata, tookMs: number, io: Io): void {
  io.note(io.notePaint.dim(`< answered in ${tookMs.toFixed(1)} ms`));
  tellMetadata("<", metadata, io);
}

// `toJSON` of an entry hides what is sensitive.
function tellMetadata(mark: string, metadata: Metadata, io: Io): void {
  for (const entry of metadata) {
    const { key, value } = entry.toJSON();
    const text = typeof value === "string" ? value : JSON.stringify(value);
    io.note(io.notePaint.dim(`${mark} ${printable(key)}: ${printable(text)}`));
  }
}
