/**
 * A map that nearly always has one entry, or none. Thousands of plans are cached with hundreds of these, and an empty
 * `Map` of V8 takes as much memory as three of them. Entries stay in the order in which they were added.
 */
export class SmallMap<K, V> implements Iterable<[K, V]> {
  private firstKey: K | undefined;
  private firstValue: V | undefined;
  private hasFirst = false;
  private rest: Map<K, V> | undefined;

  get size(): number {
    return (this.hasFirst ? 1 : 0) + (this.rest?.size ?? 0);
  }

  get(key: K): V | undefined {
    return this.hasFirst && this.firstKey === key ? this.firstValue : this.rest?.get(key);
  }

  has(key: K): boolean {
    return (this.hasFirst && this.firstKey === key) || (this.rest?.has(key) ?? false);
  }

  set(key: K, value: V): this {
    if (!this.hasFirst || this.firstKey === key) {
      this.hasFirst = true;
      this.firstKey = key;
      this.firstValue = value;
      return this;
    }
    this.rest ??= new Map();
    this.rest.set(key, value);
    return this;
  }

  *[Symbol.iterator](): Generator<[K, V]> {
    if (!this.hasFirst) return;
    yield [this.firstKey as K, this.firstValue as V];
    if (this.rest) yield* this.rest;
  }

  *keys(): Generator<K> {
    for (const [key] of this) yield key;
  }

  *values(): Generator<V> {
    for (const [, value] of this) yield value;
  }
}
