/** A comment in front of what it is about, each line indented and ended. Nothing for no text. */
export function docComment(doc: string | undefined, indent = ""): string {
  if (doc === undefined || doc.trim() === "") return "";
  const lines = doc.replaceAll("*/", "*\\/").split(/\r?\n/);
  const only = lines.length === 1 ? (lines[0] as string).trim() : "";
  if (only !== "" && indent.length + only.length + 7 <= 110) return `${indent}/** ${only} */\n`;
  const body = lines.map((line) => `${indent} * ${line}`.trimEnd());
  return `${[`${indent}/**`, ...body, `${indent} */`].join("\n")}\n`;
}
