/** What is fuzzed, and the share of the time that each gets. The files in `targets` are called so. */
export const TARGETS = {
  "postcard-values": 20,
  "postcard-schemas": 14,
  message: 14,
  hello: 9,
  frame: 8,
  "length-prefix": 8,
  metadata: 8,
  "schema-document": 9,
  "rust-source": 12,
  shm: 8,
} as const;

export type TargetName = keyof typeof TARGETS;
