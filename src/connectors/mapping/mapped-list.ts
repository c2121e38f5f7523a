import type { Json } from './json.ts';

/**
 * A list whose items are mapped when they are read, each time anew. The items of a long list are then mapped in the slices in which
 * they are read, and none has to stay in memory.
 */
export class MappedList {
  readonly #items: readonly Json[];
  readonly #map: (item: Json) => Json;

  constructor(items: readonly Json[], map: (item: Json) => Json) {
    this.#items = items;
    this.#map = map;
  }

  get length(): number {
    return this.#items.length;
  }

  at(index: number): Json {
    return this.#map(this.#items[index]);
  }
}
