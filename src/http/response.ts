import type { GatewayError } from '../shared/gateway-error.ts';
import { JSON_TYPE } from './media-type.ts';

/** A whole HTTP response before it is written. Header names are in lower case; `content-length` is added where it is missing. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: string | Buffer;
  /** Whether the same body is sent to other clients, too, so that it is worth to keep it encoded. */
  readonly isReused?: boolean | undefined;
}

/** In UTF-16 code units. */
const LONG_TEXT = 8_192;

export function textResponse(
  status: number,
  contentType: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse {
  // Node sends a short text in one piece with the head; a long text is encoded once here, instead of measured and then encoded
  const bytes = body.length > LONG_TEXT ? Buffer.from(body) : body;
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
