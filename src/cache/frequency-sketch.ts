/** Counters per row. A power of two. */
const WIDTH = 16_384;
const ROWS = 4;
const HIGHEST = 15;

/**
 * Estimates how often keys were used lately, in a fixed 64 KiB: a count-min sketch, whose counts are halved from time to time. An
 * estimate is never too low, except for the halving, and rarely too high.
 *
 * A cache that is full asks it which of two entries is worth its place. There is no maintained package with such an admission.
 *
 * @see https://arxiv.org/abs/1512.00727 TinyLFU: A Highly Efficient Cache Admission Policy
 */
export class FrequencySketch {
  readonly #counts = new Uint8Array(WIDTH * ROWS);
  #uses = 0;

  /** Counts a use of a key. */
  add(key: string): void {
    const hash = hashOf(key);
    for (let row = 0; row < ROWS; row++) {
      const at = placeOf(hash, row);
      const count = this.#counts[at] as number;
      if (count < HIGHEST) this.#counts[at] = count + 1;
    }
    if (++this.#uses >= WIDTH * 8) this.#halve();
  }

  /** Returns about how often a key was used: 0 to 15. */
  estimate(key: string): number {
    const hash = hashOf(key);
    let least = HIGHEST;
    for (let row = 0; row < ROWS; row++) least = Math.min(least, this.#counts[placeOf(hash, row)] as number);
    return least;
  }

  #halve(): void {
    for (let i = 0; i < this.#counts.length; i++) this.#counts[i] = (this.#counts[i] as number) >> 1;
    this.#uses >>= 1;
  }
}

function placeOf(hash: number, row: number): number {
  const mixed = Math.imul(hash ^ (row * 0x9e3779b9), 0x85ebca6b);
  return row * WIDTH + (((mixed >>> 15) ^ mixed) & (WIDTH - 1));
}

/** FNV-1a over at most 128 characters from the end, where keys differ most. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = Math.max(0, key.length - 128); i < key.length; i++)
    hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return hash;
}
