// Makes the inspector's page: one file with its script and style, which the command serves.
// usage: node packages/inspector/build.mjs [OUT]   (default packages/cli/dist/inspector/inspector.html)
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { build } from "esbuild";

const here = import.meta.dirname;
const out = process.argv[2] ?? join(here, "../cli/dist/inspector/inspector.html");

const { outputFiles } = await build({
  entryPoints: [join(here, "src/main.ts")],
  bundle: true,
  minify: true,
  write: false,
  format: "iife",
  platform: "browser",
  target: "es2022",
  conditions: ["roam-source", "browser"],
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  charset: "utf8",
});
// What would end the script's element, or begin a comment in it, in a text.
const script = outputFiles[0].text.trim().replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
const styles = await build({
  entryPoints: [join(here, "src/style.css")],
  bundle: true,
  minify: true,
  write: false,
  target: "es2022",
});
const style = styles.outputFiles[0].text.trim();

const hashOf = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
const policy = [
  "default-src 'none'",
  `script-src ${hashOf(script)}`,
  `style-src ${hashOf(style)}`,
  "connect-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

// Their licences want to be in every copy.
const require = createRequire(import.meta.url);
const licences = ["preact", "uplot"]
  .map((name) => [
    name,
    readFileSync(join(dirname(require.resolve(`${name}/package.json`)), "LICENSE"), "utf8"),
  ])
  .map(([name, text]) => `In this page is ${name}:\n\n${text.trim()}\n`)
  .join("\n")
  .replaceAll("--", "- -");

const page = `<!doctype html>
<!--
${licences}-->
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="content-security-policy" content="${policy}">
<meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,">
<title>Roam inspector</title>
<style>${style}</style>
</head>
<body>
<div id="inspector"></div>
<script>${script}</script>
</body>
</html>
`;
mkdirSync(dirname(out), { recursive: true });
writeFileSync(out, page);
