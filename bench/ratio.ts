/** A ratio over all pairs. */
export interface Ratio {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** The median, and the places of the sorted ratios between which it is with 95 % or more (binomial distribution). */
export function interval(sorted: readonly number[]): Ratio {
  const n = sorted.length;
  let outside = 0;
  let rank = 0;
  for (let ways = 1; rank < n / 2; rank++) {
    outside += (2 * ways) / 2 ** n;
    if (outside > 0.05) break;
    ways = (ways * (n - rank)) / (rank + 1);
  }
  const at = (index: number) => sorted[Math.max(0, Math.min(n - 1, index))] ?? Number.NaN;
  const middle = (at(Math.floor((n - 1) / 2)) + at(Math.ceil((n - 1) / 2))) / 2;
  return { median: middle, low: at(rank - 1), high: at(n - rank) };
}
