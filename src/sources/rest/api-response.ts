/** The response of an API, with its body as text. */
export interface RawResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** Its key in the cache, if it is there. */
  readonly cacheKey?: string | undefined;
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
