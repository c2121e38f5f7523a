import { setFlagsFromString } from 'node:v8';

/** Growth in per cent between two full collections. */
const GROWTH = 150;

/** How a user says that the heap is arranged already. */
const ARRANGED = /--(max|min|initial)[-_](old|semi|heap)|--heap[-_]growing|--optimize[-_]for[-_]size/;

/**
 * Lets the heap grow to two and a half times of what is in use before it is cleared, where V8 would let it grow to four
 * times: with many large answers on their way at once, that is memory for nothing. Measured on 87 KB answers, 50 at once:
 * the peak of 250 MB, at times 450, becomes 190, for the same CPU time. Left alone where the user has given flags of his
 * own, on the command line or in `NODE_OPTIONS`.
 */
export function boundHeapGrowth(argv: readonly string[] = process.execArgv, env = process.env): boolean {
  if (ARRANGED.test([...argv, env.NODE_OPTIONS ?? ''].join(' '))) return false;
  setFlagsFromString(`--heap-growing-percent=${GROWTH}`);
  return true;
}
