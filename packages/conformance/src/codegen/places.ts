import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

/** Where everything is written; ignored by git. */
export const WORK = `${ROOT}build/codegen/`;
const CODEGEN = `${ROOT}packages/conformance/codegen/`;
/** A workspace of Rust crates that compile. */
export const CORPUS = `${CODEGEN}corpus/`;
/** Rust sources that say what has to be reported of them. */
export const REPORTED = `${CODEGEN}reported/`;
export const RUST_PEER = `${ROOT}packages/conformance/rust-peer/`;
/** Shared with the Rust peer, so that the dependencies are built once. */
export const TARGET = `${RUST_PEER}target`;
export const TSC = `${ROOT}node_modules/typescript/bin/tsc`;
/** The page with a trait for those who begin. */
export const GETTING_STARTED = `${ROOT}docs/getting-started/rust.md`;
export const PACKAGES = `${ROOT}packages/`;
