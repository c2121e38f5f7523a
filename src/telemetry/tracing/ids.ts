import { randomFillSync } from 'node:crypto';

// filled at once: a call for each id costs more than the id
const POOL = new Int32Array(1_024);
let used = POOL.length;

/** Returns 32 random bits. Ids are numbers until a header or a log line needs their digits: most spans need none. */
export function randomWord(): number {
  if (used === POOL.length) {
    randomFillSync(POOL);
    used = 0;
  }
  return POOL[used++] as number;
}

/** Returns the bits of 8 hexadecimal digits. */
export function wordAt(digits: string, at: number): number {
  return Number.parseInt(digits.slice(at, at + 8), 16) | 0;
}

const SCRATCH = Buffer.alloc(16);

/** Returns the hexadecimal digits of words of 32 bits, 8 of each; at most four words. */
export function digitsOf(words: readonly number[]): string {
  for (let i = 0; i < words.length; i++) SCRATCH.writeInt32BE(words[i] as number, 4 * i);
  return SCRATCH.toString('hex', 0, 4 * words.length);
}

/** Returns a random id: 32 hexadecimal digits for a trace, 16 for a span. It is never zero. */
export function randomId(digits: 16 | 32): string {
  const id = digitsOf(Array.from({ length: digits / 8 }, randomWord));
  return /[^0]/.test(id) ? id : randomId(digits);
}
