/** Those of the names that somebody may have meant, nearest first. */
export function nearest(name: string, names: readonly string[], most = 3): string[] {
  const wanted = lastPart(name);
  return names
    .map((known) => ({ known, part: lastPart(known) }))
    .map(({ known, part }) => ({ known, part, distance: distance(wanted, part) }))
    .filter(({ part, distance: steps }) => {
      return steps <= Math.max(1, Math.floor(wanted.length / 3)) || part.includes(wanted);
    })
    .sort((a, b) => a.distance - b.distance)
    .slice(0, most)
    .map(({ known }) => known);
}

/** Of `Service.method` the method: the service alone makes no two alike. */
function lastPart(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1).toLowerCase();
}

/** Characters to add, drop or replace to make one text of the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, one] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const replaced = (row[j] ?? 0) + (one === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
