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

/** Returns the 8 hexadecimal digits of 32 bits. */
export function digitsOf(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}

/** Returns a random id: 32 hexadecimal digits for a trace, 16 for a span. It is never zero. */
export function randomId(digits: 16 | 32): string {
  let id = '';
  while (id.length < digits) id += digitsOf(randomWord());
  return /[^0]/.test(id) ? id : randomId(digits);
}
