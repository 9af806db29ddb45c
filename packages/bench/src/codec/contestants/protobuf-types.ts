import protobuf from "protobufjs";
import "protobufjs/ext/descriptor.js";

/** The types of the cases as Protocol Buffers. A lone list or text is the one field of a message. */
const PROTO = `
  syntax = "proto3";
  package bench;
  message Point { sint32 x = 1; sint32 y = 2; }
  message Person { string name = 1; uint32 age = 2; optional string email = 3; }
  message Circle { double radius = 1; }
  message Rectangle { double width = 1; double height = 2; }
  message Dot {}
  message Shape { oneof shape { Circle circle = 1; Rectangle rectangle = 2; Dot dot = 3; } }
  enum Color { Red = 0; Green = 1; Blue = 2; }
  message Canvas { string name = 1; repeated Shape shapes = 2; Color background = 3; }
  message Integers { repeated sint32 items = 1; }
  message Bytes { bytes data = 1; }
  message Strings { repeated string items = 1; }
`;

export const root = protobuf.parse(PROTO, { keepCase: true }).root.resolveAll();

interface Descriptors {
  readonly file: { messageType: { field: { typeName: string }[] }[] }[];
  readonly constructor: { encode(message: unknown): { finish(): Uint8Array } };
}

/** The same types as a FileDescriptorSet. */
export function descriptorBytes(): Uint8Array {
  const set = (root as unknown as { toDescriptor(edition: string): Descriptors }).toDescriptor("proto3");
  for (const field of set.file.flatMap((file) => file.messageType).flatMap((message) => message.field)) {
    // Names are to be absolute there.
    if (field.typeName && !field.typeName.startsWith(".")) field.typeName = `.bench.${field.typeName}`;
  }
  return set.constructor.encode(set).finish();
}
