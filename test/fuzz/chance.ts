import type { Random } from 'fast-check';

/** Random decisions in the words of a generator. */
export class Chance {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** An integer from `min` to `max`, both included. */
  between(min: number, max: number): number {
    return this.#random.nextInt(min, max);
  }

  /** True with the probability `part` of 1. */
  happens(part: number): boolean {
    return this.#random.nextDouble() < part;
  }

  /** One of the items. Throws when there is none. */
  one<T>(items: readonly T[]): T {
    const item = items[this.between(0, items.length - 1)];
    if (items.length === 0) throw new Error('Nothing to choose from');
    return item as T;
  }

  /** `count` of the items, or all if there are fewer, in random order. */
  some<T>(items: readonly T[], count: number): T[] {
    const left = [...items];
    const chosen: T[] = [];
    while (chosen.length < count && left.length > 0) chosen.push(...left.splice(this.between(0, left.length - 1), 1));
    return chosen;
  }
}
