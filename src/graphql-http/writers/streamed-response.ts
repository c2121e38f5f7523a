import type { HttpResponse } from '../../http/response.ts';

/** Ends a stream early: the client can get the rest elsewhere. */
export const INTERRUPTED = Symbol('interrupted');

/**
 * What a stream sends next: the JSON text of one payload; `undefined` is a heartbeat, for streams that are silent for long.
 */
export type StreamItem = string | undefined | typeof INTERRUPTED;

/** The form of a streamed response: how payloads become bytes. */
export interface StreamFormat {
  readonly contentType: string;
  /** Returns the pieces of the body, one for each payload; each is sent at once. */
  readonly write: (payloads: AsyncIterable<StreamItem>) => AsyncIterable<string>;
}

/** A response whose body is written piece by piece. Its status is 200. */
export interface StreamedResponse extends HttpResponse {
  readonly body: '';
  readonly pieces: AsyncIterable<string>;
  /** Whether it may stay open for long and is not compressed: an encoder takes more memory than all else of it. */
  readonly isLongLived?: boolean | undefined;
  /** Called once the response has ended, for whatever reason. */
  readonly onEnd?: (() => void) | undefined;
}

const STREAM_HEADERS = {
  'cache-control': 'no-store',
  // proxies must not buffer the stream
  'x-accel-buffering': 'no',
};

/** Returns the response for payloads in a format. */
export function streamedResponse(
  { contentType, write }: StreamFormat,
  payloads: AsyncIterable<StreamItem>,
  { headers, onEnd, isLongLived }: Pick<Partial<StreamedResponse>, 'headers' | 'onEnd' | 'isLongLived'> = {},
): StreamedResponse {
  const all = { ...headers, ...STREAM_HEADERS, 'content-type': contentType };
  return { status: 200, headers: all, body: '', pieces: write(payloads), onEnd, isLongLived };
}

/** Returns whether a response is a stream. */
export function isStreamed(response: HttpResponse): response is StreamedResponse {
  return 'pieces' in response;
}
