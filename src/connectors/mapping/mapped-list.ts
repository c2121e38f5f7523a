/**
 * A list whose items are mapped when they are read, each time anew. The items of a long list are then mapped in the slices in which
 * they are read, and none has to stay in memory.
 */
export class MappedList {
  readonly #items: readonly unknown[];
  readonly #map: (item: unknown) => unknown;

  constructor(items: readonly unknown[], map: (item: unknown) => unknown) {
    this.#items = items;
    this.#map = map;
  }

  get length(): number {
    return this.#items.length;
  }

  at(index: number): unknown {
    return this.#map(this.#items[index]);
  }
}
