import { LRUCache } from 'lru-cache';
import type { Variables } from '../endpoints/coerce.ts';
import type { Endpoint } from '../endpoints/endpoints.ts';

/** What a request came to when it was read: the same text comes to the same again. */
export interface KnownRequest {
  /** Under which its answer is kept. */
  readonly key: string;
  readonly variables: Variables;
}

/** Most memory for them, in characters; and the longest that is worth it. */
const MOST = 4 * 2 ** 20;
const LONGEST = 4_096;

/**
 * Requests that were read lately, so that the kept answer to one that is asked for often is found by its text alone. By
 * endpoint, URL and what `dependence` says; they hold for one folder and one schema.
 */
export class KnownRequests {
  readonly #known = new LRUCache<string, KnownRequest>({
    maxSize: MOST,
    maxEntrySize: LONGEST,
    sizeCalculation: ({ key }, text) => 256 + key.length + text.length * 2,
  });

  get(text: string): KnownRequest | undefined {
    return this.#known.get(text);
  }

  set(text: string, request: KnownRequest): void {
    this.#known.set(text, request);
  }
}

/** Whether nothing but the URL gives an endpoint its parameters. */
export function readsUrlAlone({ parameters }: Pick<Endpoint, 'parameters'>): boolean {
  return parameters.every(({ in: place }) => place === 'path' || place === 'query');
}
