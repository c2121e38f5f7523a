import { randomFillSync } from 'node:crypto';

// filled at once: a call for each id costs more than the id
const POOL = Buffer.alloc(4_096);
let used = POOL.length;

/** Returns a random id: 32 hexadecimal digits for a trace, 16 for a span. It is never zero. */
export function randomId(digits: 16 | 32): string {
  const bytes = digits / 2;
  if (used + bytes > POOL.length) {
    randomFillSync(POOL);
    used = 0;
  }
  const id = POOL.toString('hex', used, used + bytes);
  used += bytes;
  return /[^0]/.test(id) ? id : randomId(digits);
}
