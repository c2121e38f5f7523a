import type { GatewayError } from '../shared/gateway-error.ts';
import { JSON_TYPE } from './media-type.ts';

/** A whole HTTP response before it is written. Header names are in lower case; `content-type` and `content-length` are among them. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: string | Buffer;
}

/** In UTF-16 code units. */
const LONG_TEXT = 8_192;

export function textResponse(
  status: number,
  contentType: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse {
  // a short text goes out in one piece with its head; a long one is better encoded once than measured and then encoded
  const bytes = body.length > LONG_TEXT ? Buffer.from(body) : body;
  return {
    status,
    headers: { ...headers, 'content-type': contentType, 'content-length': Buffer.byteLength(bytes) },
    body: bytes,
  };
}

/** Returns the GraphQL response for a request that was refused before it became an operation. */
export function errorResponse(error: GatewayError, contentType: string = JSON_TYPE): HttpResponse {
  const { status, message, extensions, headers } = error;
  return textResponse(status, contentType, JSON.stringify({ errors: [{ message, extensions }] }), headers);
}

/**
 * Drops the body of a response that has been sent and that nobody else has: the promises that brought it have often grown old
 * while they waited, and what an old object points to is kept until the next full collection, dead as it is.
 */
export function forgetBody(response: HttpResponse): void {
  (response as { body: HttpResponse['body'] }).body = '';
}
