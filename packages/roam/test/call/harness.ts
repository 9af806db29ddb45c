import {
  accept,
  type Client,
  type ConnectOptions,
  connect,
  type Handlers,
  implement,
  type Methods,
  type ServeOptions,
  type Service,
  type Session,
} from "roam";
import { memoryLinkPair } from "roam/link";
import { type ScriptedHandshake, type ScriptedPeer, scriptedPeer } from "roam/testing";
import { type Id, type Message, Metadata } from "roam/wire";

/** A client of ours whose counterpart is the test. */
export interface ScriptedServer<M extends Methods> extends AsyncDisposable {
  readonly client: Client<M>;
  readonly peer: ScriptedPeer;
}

export async function scriptedServer<M extends Methods>(
  service: Service<M>,
  options: ConnectOptions = {},
  handshake: ScriptedHandshake = {},
): Promise<ScriptedServer<M>> {
  const { link, peer } = scriptedPeer();
  const connected = connect(link, service, { schemaCheck: "off", ...options });
  await peer.handshake("acceptor", handshake);
  const client = await connected;
  const end = async () => {
    peer.die();
    await client.$.session.ended;
  };
  return { client, peer, [Symbol.asyncDispose]: end };
}

/** A served session of ours whose counterpart is the test: it calls with odd ids. */
export interface ScriptedClient extends AsyncDisposable {
  readonly session: Session;
  readonly peer: ScriptedPeer;
  /** What handlers failed with. */
  readonly failures: unknown[];
}

export async function scriptedClient<M extends Methods>(
  service: Service<M>,
  handlers: Handlers<M>,
  options: ServeOptions = {},
): Promise<ScriptedClient> {
  const failures: unknown[] = [];
  const { link, peer } = scriptedPeer();
  const accepted = accept(link, implement(service, handlers, options), {
    schemaCheck: "off",
    onHandlerError: (error) => failures.push(error),
    ...options,
  });
  await peer.handshake("initiator");
  const session = await accepted;
  const end = async () => {
    peer.die();
    await session.ended;
  };
  return { session, peer, failures, [Symbol.asyncDispose]: end };
}

/** Both sides are ours, over a memory link. */
export interface Pair<M extends Methods> extends AsyncDisposable {
  readonly client: Client<M>;
  readonly server: Session;
  readonly failures: unknown[];
}

export async function pairOf<M extends Methods>(
  service: Service<M>,
  handlers: Handlers<M>,
  options: { readonly client?: ConnectOptions; readonly server?: ServeOptions } = {},
): Promise<Pair<M>> {
  const failures: unknown[] = [];
  const [near, far] = memoryLinkPair();
  const [client, server] = await Promise.all([
    connect(near, service, options.client),
    accept(far, implement(service, handlers, options.server), {
      onHandlerError: (error) => failures.push(error),
      ...options.server,
    }),
  ]);
  const end = async () => {
    await client.$.session.close();
    await server.close();
  };
  return { client, server, failures, [Symbol.asyncDispose]: end };
}

/** The Call that a peer would send for a method. */
export function callOf<M extends Methods>(
  service: Service<M>,
  method: keyof M & string,
  id: Id,
  more: {
    readonly args?: readonly number[] | Uint8Array;
    readonly channels?: readonly Id[];
    readonly metadata?: Metadata;
  } = {},
): Extract<Message, { tag: "RequestCall" }> {
  const { idLo, idHi } = descriptor(service, method);
  return {
    tag: "RequestCall",
    connectionId: 0,
    id,
    methodLo: idLo,
    methodHi: idHi,
    channels: more.channels ?? [],
    metadata: more.metadata ?? Metadata.EMPTY,
    args: Uint8Array.from(more.args ?? []),
  };
}

export function descriptor<M extends Methods>(service: Service<M>, method: keyof M & string) {
  const found = service.descriptors().get(method);
  if (found === undefined) throw new TypeError(`no method ${method}`);
  return found;
}

export function responseOf(
  id: Id,
  ret: readonly number[],
  metadata = Metadata.EMPTY,
): Extract<Message, { tag: "RequestResponse" }> {
  return { tag: "RequestResponse", connectionId: 0, id, channels: [], metadata, ret: Uint8Array.from(ret) };
}

export function itemOf(id: Id, item: readonly number[]): Extract<Message, { tag: "ChannelItem" }> {
  return { tag: "ChannelItem", connectionId: 0, id, item: Uint8Array.from(item) };
}

export function grantOf(id: Id, additional: number): Message {
  return { tag: "ChannelGrantCredit", connectionId: 0, id, additional };
}

export function closeOf(id: Id): Message {
  return { tag: "ChannelClose", connectionId: 0, id, metadata: Metadata.EMPTY };
}

export function resetOf(id: Id): Message {
  return { tag: "ChannelReset", connectionId: 0, id, metadata: Metadata.EMPTY };
}

export function cancelOf(id: Id): Message {
  return { tag: "RequestCancel", connectionId: 0, id, metadata: Metadata.EMPTY };
}

/** Upper-case hex with spaces, as the contract writes bytes. */
export function hex(bytes: Uint8Array | unknown): string {
  if (!(bytes instanceof Uint8Array)) throw new TypeError("received bodies are bytes");
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0").toUpperCase()).join(" ");
}
