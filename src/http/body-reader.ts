import type { IncomingMessage } from 'node:http';
import { ClientDisconnected } from '../shared/client-disconnected.ts';
import { ContentCodingError, decodeBody, READABLE_CODINGS, readContentEncoding } from '../shared/content-codings.ts';
import { decodeText, TextDecodingError } from '../shared/decode-text.ts';
import { GatewayError } from '../shared/gateway-error.ts';

/**
 * Reads a request body as UTF-8, without its byte order mark, holding `maxBytes` at most; a body with content codings is
 * decoded, and may not have more then, either. Throws `GatewayError` 413 `REQUEST_TOO_LARGE` as soon as the body is known
 * to be larger, 415 for an unknown coding, 400 for what is no UTF-8 or cannot be decoded, and `ClientDisconnected` when it never
 * completes.
 */
export function readBody(req: IncomingMessage, maxBytes: number): Promise<string> {
  const header = req.headers['content-encoding'];
  return header === undefined ? readBytes(req, maxBytes, textOf) : readEncodedBody(req, header, maxBytes);
}

async function readEncodedBody(req: IncomingMessage, header: string, maxBytes: number): Promise<string> {
  try {
    const codings = readContentEncoding(header);
    return textOf(await decodeBody(await readBytes(req, maxBytes, asTheyAre), codings, maxBytes));
  } catch (error) {
    throw error instanceof ContentCodingError ? codingRefusal(error, maxBytes) : error;
  }
}

const asTheyAre = (bytes: Buffer) => bytes;

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

/** @param read what the bytes are made into; may throw */
function readBytes<T>(req: IncomingMessage, maxBytes: number, read: (bytes: Buffer) => T): Promise<T> {
  if (req.destroyed) return Promise.reject(new ClientDisconnected());
  if (Number(req.headers['content-length']) > maxBytes) return Promise.reject(tooLarge(maxBytes));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let settled = false;
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (settled) return;
      if (size <= maxBytes) {
        chunks.push(chunk);
        return;
      }
      settled = true;
      // What still arrives is thrown away, so that the client gets to read the answer on an orderly connection.
      chunks.length = 0;
      reject(tooLarge(maxBytes));
    };
    const onEnd = () => {
      if (settled) return;
      settled = true;
      const bytes = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size);
      // the listeners live as long as the request, which may wait long for its answer
      chunks.length = 0;
      try {
        resolve(read(bytes));
      } catch (error) {
        reject(error);
      }
    };
    // the listeners stay: to take them away costs more than all else in here, and they go with the request
    const onClose = () => {
      if (settled) return;
      settled = true;
      reject(new ClientDisconnected());
    };
    req.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}

function tooLarge(maxBytes: number): GatewayError {
  const message = `The request body is larger than ${maxBytes} bytes (limits.http_max_request_bytes).`;
  return new GatewayError(413, 'REQUEST_TOO_LARGE', message);
}
