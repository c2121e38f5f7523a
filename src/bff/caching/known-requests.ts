import { LRUCache } from 'lru-cache';
import type { Variables } from '../endpoints/coerce.ts';
import type { Endpoint } from '../endpoints/endpoints.ts';

/** The cache key and variables of a request that was parsed before. */
export interface KnownRequest {
  /** Cache key of its response. */
  readonly key: string;
  readonly variables: Variables;
}

/** Limits of the cache, in characters: of all entries, and of one. */
const MOST = 4 * 2 ** 20;
const LONGEST = 4_096;

/**
 * Recently parsed requests, so that a frequent request finds its cached response without parsing its parameters. Keys are
 * the endpoint, the URL and the `dependencyKey`. Entries are valid for one folder and one schema.
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

/** Returns whether all parameters of an endpoint come from the URL. */
export function readsUrlAlone({ parameters }: Pick<Endpoint, 'parameters'>): boolean {
  return parameters.every(({ in: place }) => place === 'path' || place === 'query');
}
