import { once } from "node:events";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { create, createFileRegistry, type DescService, type Message } from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { createClient, type HandlerContext } from "@connectrpc/connect";
import { connectNodeAdapter, createConnectTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { count } from "../items.ts";
import type { Peer } from "../peer.ts";
import { checkCount, isInTime } from "./streams.ts";
import type { Serving } from "./system.ts";

type NumberMessage = Message & { value: number };
type BytesMessage = Message & { data: Uint8Array };

/** The service, as generated code describes it. */
function benchService(): DescService {
  const field = (name: string, type: FieldDescriptorProto_Type) => ({
    name,
    jsonName: name,
    number: 1,
    type,
    label: FieldDescriptorProto_Label.OPTIONAL,
  });
  const method = (name: string, type: string, streams: { client?: boolean; server?: boolean } = {}) => ({
    name,
    inputType: `.bench.${type}`,
    outputType: `.bench.${type}`,
    clientStreaming: streams.client ?? false,
    serverStreaming: streams.server ?? false,
  });
  const file = create(FileDescriptorProtoSchema, {
    name: "bench.proto",
    package: "bench",
    syntax: "proto3",
    messageType: [
      { name: "Number", field: [field("value", FieldDescriptorProto_Type.UINT32)] },
      { name: "Bytes", field: [field("data", FieldDescriptorProto_Type.BYTES)] },
    ],
    service: [
      {
        name: "Bench",
        method: [
          method("Next", "Number"),
          method("Echo", "Bytes"),
          method("Receive", "Number", { server: true }),
          method("Send", "Number", { client: true }),
        ],
      },
    ],
  });
  const service = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] })).getService(
    "bench.Bench",
  );
  if (service === undefined) throw new Error("no service bench.Bench");
  return service;
}

const Bench = benchService();

/** What a client of `Bench` is, as generated types would say. */
interface BenchClient {
  next(request: { value: number }): Promise<NumberMessage>;
  echo(request: { data: Uint8Array }): Promise<BytesMessage>;
  receive(
    request: { value: number },
    options: { onTrailer(trailer: Headers): void },
  ): AsyncIterable<NumberMessage>;
  send(requests: AsyncIterable<{ value: number }>): Promise<NumberMessage>;
}

/** Trailer of a stream from the server: how many items it had. */
const SENT = "sent";
const SETTINGS = { initialWindowSize: 1024 * 1024 };

async function* numbersFor(durationMs: number, onEnd: (sent: number) => void) {
  const end = performance.now() + durationMs;
  let sent = 0;
  while (isInTime(sent, end)) yield { value: sent++ };
  onEnd(sent);
}

const implementation = {
  next: ({ value }: NumberMessage) => ({ value: value + 1 }),
  echo: ({ data }: BytesMessage) => ({ data }),
  receive: ({ value: durationMs }: NumberMessage, { responseTrailer }: HandlerContext) =>
    numbersFor(durationMs, (sent) => responseTrailer.set(SENT, String(sent))),
  send: async (requests: AsyncIterable<NumberMessage>) => ({ value: await count(requests) }),
};

export async function serve(): Promise<Serving> {
  const routes = connectNodeAdapter({
    acceptCompression: [],
    routes: (router) => router.service(Bench, implementation as never),
  });
  const server = createServer({ settings: SETTINGS }, routes);
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}

export async function open(baseUrl: string): Promise<Peer> {
  const sessionManager = new Http2SessionManager(baseUrl, undefined, { settings: SETTINGS });
  const transport = createConnectTransport({
    httpVersion: "2",
    useBinaryFormat: true,
    acceptCompression: [],
    baseUrl,
    sessionManager,
  });
  const client = createClient(Bench, transport) as unknown as BenchClient;
  await sessionManager.connect();
  return new ConnectNodePeer(client, sessionManager);
}

class ConnectNodePeer implements Peer {
  readonly #client: BenchClient;
  readonly #session: Http2SessionManager;

  constructor(client: BenchClient, session: Http2SessionManager) {
    this.#client = client;
    this.#session = session;
  }

  async call(value: number): Promise<number> {
    return (await this.#client.next({ value })).value;
  }

  async echo(data: Uint8Array): Promise<number> {
    return (await this.#client.echo({ data })).data.length;
  }

  async receive(durationMs: number): Promise<number> {
    let sent = 0;
    const onTrailer = (trailer: Headers) => {
      sent = Number(trailer.get(SENT));
    };
    const received = await count(this.#client.receive({ value: Math.ceil(durationMs) }, { onTrailer }));
    return checkCount(sent, received);
  }

  async send(durationMs: number): Promise<number> {
    let sent = 0;
    const items = numbersFor(durationMs, (count) => {
      sent = count;
    });
    const answer = await this.#client.send(items);
    return checkCount(sent, answer.value);
  }

  async close(): Promise<void> {
    this.#session.abort();
  }
}
