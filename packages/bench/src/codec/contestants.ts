import type { Contestant } from "./contestant.ts";

export const OURS = "ours";
/** Not a codec that one can have, but the limit for one. */
export const BY_HAND = "by hand";
/** Ours as it is in a page that forbids code from strings. */
export const CLOSURES = "closures";

/** Each in a module of its own, so that a process loads one of them only. */
export const CONTESTANTS: Readonly<Record<string, () => Promise<{ contestant: Contestant }>>> = {
  [OURS]: () => import("./contestants/generated.ts"),
  [CLOSURES]: () => import("./contestants/closures.ts"),
  [BY_HAND]: () => import("./contestants/by-hand.ts"),
  avsc: () => import("./contestants/avsc.ts"),
  protobufjs: () => import("./contestants/protobufjs.ts"),
  "protobuf-es": () => import("./contestants/protobuf-es.ts"),
  msgpackr: () => import("./contestants/msgpackr.ts"),
  "cbor-x": () => import("./contestants/cbor-x.ts"),
  JSON: () => import("./contestants/json.ts"),
};

/** The packages that they come from. */
export const PACKAGES = ["avsc", "protobufjs", "@bufbuild/protobuf", "msgpackr", "cbor-x"] as const;
