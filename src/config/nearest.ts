/** In characters. Longer names are not typing mistakes. */
const LONGEST_NAME = 200;

/**
 * Returns the candidates nearest to `name` by edit distance, best first, if the distance is that of a typing mistake. Returns none
 * for a name of more than 200 characters, since names come from clients.
 */
export function nearest(name: string, candidates: Iterable<string>, limit = 1): string[] {
  if (name.length > LONGEST_NAME) return [];
  const most = Math.max(1, Math.floor(name.length * 0.4));
  const lower = name.toLowerCase();
  const near: { candidate: string; distance: number }[] = [];
  for (const candidate of candidates) {
    // each character of difference in length is an insertion or a deletion
    if (Math.abs(candidate.length - name.length) > most) continue;
    const distance = editDistance(lower, candidate.toLowerCase());
    if (distance <= most) near.push({ candidate, distance });
  }
  return near
    .sort((a, b) => a.distance - b.distance)
    .slice(0, limit)
    .map(({ candidate }) => candidate);
}

/** Returns the optimal string alignment distance: insertions, deletions, replacements, and swapped neighbours. */
function editDistance(a: string, b: string): number {
  let before: readonly number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (before[j - 2] ?? 0) + 1 : replaced;
      next.push(Math.min(replaced, swapped, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}
