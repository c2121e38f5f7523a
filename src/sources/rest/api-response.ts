import type { CacheMoment } from '../../client/tag-collector.ts';

/** Where a response is in the cache. */
export interface StoredAt {
  readonly key: string;
  /** The state of invalidations before it was fetched, or when it was found. */
  readonly moment: CacheMoment;
}

/** The response of an API, with its body as text. */
export interface RawResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** Where it is in the cache, if it is there. */
  readonly stored?: StoredAt | undefined;
}

/** The response of an API, with its body parsed. */
export interface ApiResponse extends Omit<RawResponse, 'text'> {
  readonly body: unknown;
  /** The length of the text. */
  readonly size: number;
}

export function isSuccessStatus(status: number): boolean {
  return status >= 200 && status < 300;
}
