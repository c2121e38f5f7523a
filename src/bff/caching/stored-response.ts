import type { Moment } from '../../cache/cache-store.ts';
import type { EndpointResponse } from '../responses/endpoint-response.ts';

/** A cached response: its bytes, and when it expires. Times are in milliseconds since 1970. */
export interface StoredResponse {
  readonly response: EndpointResponse & { readonly body: Buffer; readonly etag: string };
  readonly storedAt: number;
  /** How long it took to make, in milliseconds. */
  readonly tookMs: number;
  readonly freshUntil: number;
  /** End of the time in which it is served while a new one is fetched. */
  readonly staleUntil: number;
  /** End of the time in which it is served where a new one cannot be fetched. At least `staleUntil`. */
  readonly errorUntil: number;
  /** Tags to purge it by: `mobile/dashboard`, `Product:p7`, `user-u1`. */
  readonly tags: readonly string[];
  /** What the values of subgraphs in it are invalidated by: tags of the response cache. */
  readonly dependencies: readonly string[];
}

/** A store of cached responses. While it is unavailable, it behaves as if it were empty. */
export interface ResponseStore {
  /** Returns a cached response: synchronously from memory. */
  get(key: string): StoredResponse | undefined | Promise<StoredResponse | undefined>;
  /** Returns the moment before a response is made. What is invalidated from then on is not stored. */
  begin(): Moment | Promise<Moment>;
  /** Returns whether this process may refresh a response now: no other process does. */
  claim(key: string, response: StoredResponse): boolean | Promise<boolean>;
  set(key: string, response: StoredResponse, moment: Moment): void | Promise<void>;
  /** Removes all responses that have one of the tags; returns their number. */
  purge(tags: readonly string[]): number | Promise<number>;
}

/** Returns when a cached response cannot be used any more, in milliseconds since 1970. */
export function expiresAt({ freshUntil, staleUntil, errorUntil }: StoredResponse): number {
  return Math.max(freshUntil, staleUntil, errorUntil);
}
