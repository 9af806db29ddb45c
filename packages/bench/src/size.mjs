// Measures what a browser page pays for a client: `npm run -s size -- [--max BYTES]`.
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const GOAL_BYTES = 15_000;
const GOAL_HOOKS_BYTES = 2_000;
const LARGEST = 10;

const { values } = parseArgs({ options: { max: { type: "string" } } });
const max = values.max === undefined ? undefined : Number(values.max);
if (max !== undefined && !Number.isSafeInteger(max)) {
  console.error(`--max ${values.max}: not a number of bytes`);
  process.exit(2);
}

/** Bundles a module as a page would have it. */
async function bundle(contents, external = []) {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: import.meta.dirname, sourcefile: "page.js" },
    external,
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    // `using` and private members stay as they are written, or are lowered as for any page.
    conditions: ["roam-source", "browser"],
    treeShaking: true,
    metafile: true,
    write: false,
    legalComments: "none",
  });
  const code = outputFiles[0].contents;
  const [output] = Object.values(metafile.outputs);
  const parts = Object.entries(output.inputs)
    .map(([path, { bytesInOutput }]) => ({ path, bytes: bytesInOutput }))
    .filter(({ bytes }) => bytes > 0)
    .sort((a, b) => b.bytes - a.bytes);
  return { minified: code.length, gzip: gzipSync(code, { level: 9 }).length, parts };
}

const count = (bytes) => bytes.toLocaleString("en-US");
const sizes = ({ minified, gzip }) => `${count(minified)} B minified, ${count(gzip)} B gzip`;

const computed = await bundle('export * from "./size/computed-ids.ts";');
const client = 'export * from "./size/known-ids.ts";';
const known = await bundle(client);
/** What comes on top of the client, by what is imported. */
const FEATURES = {
  "serving, too: implement": 'export { implement } from "roam";',
  "one connection for all tabs: tabsSource": 'export { tabsSource } from "roam/tabs";',
  "message ports: messagePortLink": 'export { messagePortLink } from "roam/message-port";',
  "WebTransport: dialWebTransport": 'export { dialWebTransport } from "roam/web-transport";',
};
const reactHooks = await bundle('export * from "roam-react";', ["react", "roam"]);

console.log("largest parts, ids known (bytes minified):");
for (const { path, bytes } of known.parts.slice(0, LARGEST)) {
  console.log(`${count(bytes).padStart(8)}  ${path.replace(/^.*?(?=(packages|node_modules)\/)/, "")}`);
}
const rest = known.parts.slice(LARGEST).reduce((sum, { bytes }) => sum + bytes, 0);
console.log(`${count(rest).padStart(8)}  ${known.parts.length - LARGEST} other files`);
console.log(`\nconnect + service over WebSocket, ids computed: ${sizes(computed)}`);
console.log(
  `connect + service over WebSocket, ids known: ${sizes(known)} (goal ${count(max ?? GOAL_BYTES)})`,
);
console.log("\non top of it (bytes gzip):");
for (const [feature, code] of Object.entries(FEATURES)) {
  const { gzip } = await bundle(`${client}\n${code}`);
  console.log(`${count(gzip - known.gzip).padStart(8)}  ${feature}`);
}
console.log(
  `${count(reactHooks.gzip).padStart(8)}  React hooks: roam-react (goal ${count(GOAL_HOOKS_BYTES)})`,
);
if (reactHooks.gzip > GOAL_HOOKS_BYTES) process.exitCode = 1;
if (max !== undefined && known.gzip > max) process.exitCode = 1;
