import type { IncomingMessage } from 'node:http';
import type { ByteBudget } from '../shared/byte-budget.ts';
import { ClientDisconnected } from '../shared/client-disconnected.ts';
import { ContentCodingError, decodeBody, READABLE_CODINGS, readContentEncoding } from '../shared/content-codings.ts';
import { decodeText, TextDecodingError } from '../shared/decode-text.ts';
import { GatewayError } from '../shared/gateway-error.ts';
import { type ReadErrors, readBytes } from '../shared/read-bytes.ts';

/**
 * Reads a request body as UTF-8, without its byte order mark. `maxBytes` limits the body before and after its content codings are
 * decoded. Throws `GatewayError` 413 `REQUEST_TOO_LARGE` as soon as the body is larger, 415 for an unknown coding, 400 when it is not
 * UTF-8 or cannot be decoded, 503 `OVERLOADED` when `budget` has no room for it, and `ClientDisconnected` when it never completes.
 */
export function readBody(req: IncomingMessage, maxBytes: number, budget?: ByteBudget): Promise<string> {
  const header = req.headers['content-encoding'];
  if (header !== undefined) return readEncodedBody(req, header, maxBytes, budget);
  return readBytes(req, maxBytes, textOf, ERRORS, budget);
}

async function readEncodedBody(
  req: IncomingMessage,
  header: string,
  maxBytes: number,
  budget: ByteBudget | undefined,
): Promise<string> {
  const held = budget?.open(true);
  try {
    const codings = readContentEncoding(header);
    return textOf(await decodeBody(await readBytes(req, maxBytes, unchanged, ERRORS, budget), codings, maxBytes, held));
  } catch (error) {
    throw error instanceof ContentCodingError ? codingRefusal(error, maxBytes) : error;
  } finally {
    held?.release();
  }
}

const unchanged = (bytes: Buffer) => bytes;

function textOf(bytes: Buffer): string {
  try {
    return decodeText(bytes);
  } catch (error) {
    if (!(error instanceof TextDecodingError)) throw error;
    throw new GatewayError(400, 'BAD_REQUEST', 'The request body is not valid UTF-8.');
  }
}

function codingRefusal({ kind, message }: ContentCodingError, maxBytes: number): GatewayError {
  if (kind === 'too-large') return tooLarge(maxBytes);
  const what = `The request body cannot be decoded: ${message}.`;
  if (kind === 'corrupt') return new GatewayError(400, 'BAD_REQUEST', what);
  const codings = READABLE_CODINGS.join(', ');
  const hint = `${what} Send it as it is, or in one of ${codings}.`;
  return new GatewayError(415, 'UNSUPPORTED_MEDIA_TYPE', hint, { headers: { 'accept-encoding': codings } });
}

function tooLarge(maxBytes: number): GatewayError {
  const message = `The request body is larger than ${maxBytes} bytes (limits.http_max_request_bytes).`;
  return new GatewayError(413, 'REQUEST_TOO_LARGE', message);
}

const ERRORS: ReadErrors = { tooLarge, disconnected: () => new ClientDisconnected() };
