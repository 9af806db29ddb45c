// The heavy parts, loaded when a command needs them: help and completion must start at once.

export type { Finding } from "./rust/finding.ts";

export const rustReader = () => import("./rust/describe-rust.ts");
export const typescriptReader = () => import("./typescript/describe-typescript.ts");
export const typescriptWriter = () => import("./typescript/typescript-modules.ts");
export const rustWriter = () => import("./to-rust/rust-module.ts");
