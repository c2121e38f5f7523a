import type { EndpointResponse } from '../responses/reply.ts';

/** An answer that is kept: its bytes, and how long they hold. Times in milliseconds since 1970. */
export interface StoredResponse {
  readonly response: EndpointResponse & { readonly body: Buffer; readonly etag: string };
  readonly storedAt: number;
  readonly freshUntil: number;
  /** Served until then while another one is fetched. */
  readonly staleUntil: number;
  /** Served until then where another one cannot be had. At least `staleUntil`. */
  readonly errorUntil: number;
  /** What it can be purged by: `mobile/dashboard`, `Product:p7`, `user-u1`. */
  readonly tags: readonly string[];
}

/** Where answers are kept. What cannot be had just now counts as not there. */
export interface ResponseStore {
  /** At once where it is in memory. */
  get(key: string): StoredResponse | undefined | Promise<StoredResponse | undefined>;
  set(key: string, answer: StoredResponse): void | Promise<void>;
  /** Forgets everything that bears one of the tags; resolves with how many answers these were. */
  purge(tags: readonly string[]): number | Promise<number>;
}

/** Until when it can be of any use. */
export function usefulUntil({ freshUntil, staleUntil, errorUntil }: StoredResponse): number {
  return Math.max(freshUntil, staleUntil, errorUntil);
}
