import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describeRust, type RustDescription } from "../../src/rust/describe-rust.ts";

/** Reads sources given as texts by their paths; a text alone is a crate's `src/lib.rs`. */
export async function described(
  sources: string | Readonly<Record<string, string>>,
  options: { readonly at?: string; readonly foreignTypes?: unknown } = {},
): Promise<RustDescription> {
  const directory = mkdtempSync(join(tmpdir(), "roam-rust-"));
  const files = typeof sources === "string" ? crate(sources) : sources;
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), text);
    }
    const {
      document,
      findings,
      files: read,
    } = await describeRust([join(directory, options.at ?? ".")], options);
    const short = (file: string) => file.replace(`${directory}/`, "");
    return {
      document,
      findings: findings.map((one) => ({ ...one, file: short(one.file) })),
      files: read.map(short),
    };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

export function crate(text: string): Record<string, string> {
  return {
    "Cargo.toml": '[package]\nname = "sample"\n[dependencies]\nroam = "7.3"\nfacet = "0.44"\nuuid = "1"\n',
    "src/lib.rs": text,
  };
}

/** `line: message` of each, for the one file of a crate. */
export function reports({ findings }: RustDescription): string[] {
  return findings.map(
    ({ file, line, message }) => `${file === "src/lib.rs" ? "" : `${file}:`}${line}: ${message}`,
  );
}
