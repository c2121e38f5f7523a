import type { Coding } from '../shared/content-codings.ts';
import type { GatewayError } from '../shared/gateway-error.ts';
import { JSON_TYPE } from './media-type.ts';

/** A whole HTTP response before it is written. Header names are in lower case; `content-length` is added where it is missing. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: string | Buffer;
  /** Set where the same response is sent to other clients, too. */
  readonly reused?: ReusedParts | undefined;
}

/** What is computed once for all requests that get the same response. */
export interface ReusedParts {
  /** Encoded bodies by their coding. */
  readonly encoded: Map<Coding, Promise<Buffer>>;
  /** The same response with `accept-encoding` in `vary`. */
  varied?: HttpResponse | undefined;
  /** The headers as they are written, the id of the request last, and those of any response that are among them. */
  lines?: { readonly common: object | undefined; readonly list: string[] } | undefined;
}

/** In UTF-16 code units. */
const LONG_TEXT = 8_192;

/**
 * Returns a text as Node writes it fastest: a short one in one piece with the head; a long one encoded, so that it is not measured
 * and then encoded.
 */
export function writable(text: string): string | Buffer {
  return text.length > LONG_TEXT ? Buffer.from(text) : text;
}

export function textResponse(
  status: number,
  contentType: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse {
  const bytes = writable(body);
  return {
    status,
    headers: { ...headers, 'content-type': contentType, 'content-length': Buffer.byteLength(bytes) },
    body: bytes,
  };
}

/** Returns the GraphQL response for a request that is refused before it becomes an operation. */
export function errorResponse(error: GatewayError, contentType: string = JSON_TYPE): HttpResponse {
  const { status, message, extensions, headers } = error;
  return textResponse(status, contentType, JSON.stringify({ errors: [{ message, extensions }] }), headers);
}

/**
 * Drops the body of a response that has been sent and is not shared. The promises that carried it are often in V8's old generation
 * by then, and a dead object there keeps what it references until the next full collection.
 */
export function forgetBody(response: HttpResponse): void {
  (response as { body: HttpResponse['body'] }).body = '';
}
