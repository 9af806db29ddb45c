import { once } from "node:events";
import type { Writable } from "node:stream";
import {
  type ChannelOptions,
  Client,
  type ClientReadableStream,
  credentials,
  Metadata,
  type requestCallback,
  Server,
  ServerCredentials,
  type ServerReadableStream,
  type ServerWritableStream,
  type ServiceDefinition,
  type sendUnaryData,
} from "@grpc/grpc-js";
import protobuf from "protobufjs";
import { sendFor } from "../items.ts";
import type { Peer } from "../peer.ts";
import { checkCount } from "./streams.ts";
import type { Serving } from "./system.ts";

interface NumberMessage {
  value: number;
}
interface BytesMessage {
  data: Uint8Array;
}

const { root } = protobuf.parse(`
  syntax = "proto3";
  message Number { uint32 value = 1; }
  message Bytes { bytes data = 1; }
`);

function codec<T extends object>(name: string) {
  const type = root.lookupType(name).setup();
  return {
    serialize: (message: T) => type.encode(message as protobuf.Message).finish() as Buffer,
    deserialize: (bytes: Buffer) => type.decode(bytes) as unknown as T,
  };
}
const numbers = codec<NumberMessage>("Number");
const bytes = codec<BytesMessage>("Bytes");

function method<In extends object, Out extends object>(
  name: string,
  streams: { requestStream: boolean; responseStream: boolean },
  request: ReturnType<typeof codec<In>>,
  response: ReturnType<typeof codec<Out>>,
) {
  return {
    path: `/bench.Bench/${name}`,
    ...streams,
    requestSerialize: request.serialize,
    requestDeserialize: request.deserialize,
    responseSerialize: response.serialize,
    responseDeserialize: response.deserialize,
  };
}

const UNARY = { requestStream: false, responseStream: false };
const Bench = {
  next: method("Next", UNARY, numbers, numbers),
  echo: method("Echo", UNARY, bytes, bytes),
  receive: method("Receive", { requestStream: false, responseStream: true }, numbers, numbers),
  send: method("Send", { requestStream: true, responseStream: false }, numbers, numbers),
} satisfies ServiceDefinition;

const OPTIONS: ChannelOptions = {
  "grpc.max_receive_message_length": -1,
  "grpc.max_send_message_length": -1,
  "grpc-node.flow_control_window": 1024 * 1024,
};
/** Trailer of a stream: how many items it had. */
const SENT = "sent";

/** Sends until the time is over, and waits whenever the stream is full. */
function sendItems(durationMs: number, stream: Writable): Promise<number> {
  return sendFor(durationMs, {
    async send(value) {
      if (!stream.write({ value })) await once(stream, "drain");
    },
  });
}

async function receive(call: ServerWritableStream<NumberMessage, NumberMessage>): Promise<void> {
  const count = await sendItems(call.request.value, call);
  const trailers = new Metadata();
  trailers.set(SENT, String(count));
  call.end(trailers);
}

const handlers = {
  next: ({ request }: { request: NumberMessage }, answer: sendUnaryData<NumberMessage>) =>
    answer(null, { value: request.value + 1 }),
  echo: ({ request }: { request: BytesMessage }, answer: sendUnaryData<BytesMessage>) =>
    answer(null, request),
  receive: (call: ServerWritableStream<NumberMessage, NumberMessage>) => {
    receive(call).catch((error: Error) => call.destroy(error));
  },
  send: (call: ServerReadableStream<NumberMessage, NumberMessage>, answer: sendUnaryData<NumberMessage>) => {
    let count = 0;
    call.on("data", () => count++);
    call.on("end", () => answer(null, { value: count }));
  },
};

export async function serve(): Promise<Serving> {
  const server = new Server(OPTIONS);
  server.addService(Bench, handlers);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return {
    address: `127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve, reject) => {
        server.tryShutdown((error) => (error ? reject(error) : resolve()));
      }),
  };
}

export async function open(address: string): Promise<Peer> {
  const client = new Client(address, credentials.createInsecure(), {
    ...OPTIONS,
    // A connection of its own, and none of what surrounds a call for the sake of others.
    "grpc.use_local_subchannel_pool": 1,
    "grpc.enable_retries": 0,
    // What it keeps for retries all the same, and copies for each item: a stream with a megabyte of
    // small ones stands still. From here on a stream waits for the connection, as it should.
    "grpc.per_rpc_retry_buffer_size": 4096,
    "grpc.enable_channelz": 0,
    "grpc.service_config_disable_resolution": 1,
  });
  await new Promise<void>((resolve, reject) => {
    client.waitForReady(Date.now() + 5000, (error) => (error ? reject(error) : resolve()));
  });
  return new GrpcJsPeer(client);
}

class GrpcJsPeer implements Peer {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  #unary<In, Out>(
    { path, requestSerialize, responseDeserialize }: (typeof Bench)[keyof typeof Bench],
    request: In,
  ): Promise<Out> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        path,
        requestSerialize as unknown as (request: In) => Buffer,
        responseDeserialize as unknown as (bytes: Buffer) => Out,
        request,
        settle(resolve, reject),
      );
    });
  }

  async call(value: number): Promise<number> {
    const answer = await this.#unary<NumberMessage, NumberMessage>(Bench.next, { value });
    return answer.value;
  }

  async echo(data: Uint8Array): Promise<number> {
    const answer = await this.#unary<BytesMessage, BytesMessage>(Bench.echo, { data });
    return answer.data.length;
  }

  async receive(durationMs: number): Promise<number> {
    const { path, requestSerialize, responseDeserialize } = Bench.receive;
    const call: ClientReadableStream<NumberMessage> = this.#client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      { value: Math.ceil(durationMs) },
    );
    let count = 0;
    call.on("data", () => count++);
    const [status] = await once(call, "status");
    return checkCount(Number((status.metadata as Metadata).get(SENT)[0]), count);
  }

  async send(durationMs: number): Promise<number> {
    const { path, requestSerialize, responseDeserialize } = Bench.send;
    let sent = 0;
    const answer = await new Promise<NumberMessage>((resolve, reject) => {
      const answered = settle(resolve, reject);
      const call = this.#client.makeClientStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        answered,
      );
      sendItems(durationMs, call).then((count) => {
        sent = count;
        call.end();
      }, reject);
    });
    return checkCount(sent, answer.value);
  }

  async close(): Promise<void> {
    this.#client.close();
  }
}

function settle<T>(resolve: (answer: T) => void, reject: (error: Error) => void): requestCallback<T> {
  return (error, answer) =>
    answer === undefined ? reject(error ?? new Error("no answer")) : resolve(answer);
}
