import type { IncomingMessage } from 'node:http';
import { RequestRefusal } from './request-refusal.ts';

/** The client closed the connection before its request was complete: there is nobody to answer. */
export class ClientGone extends Error {
  constructor() {
    super('The client closed the connection before its request was complete.');
    this.name = 'ClientGone';
  }
}

/**
 * Reads a request body as UTF-8, holding `maxBytes` at most. Throws `RequestRefusal` 413 `REQUEST_TOO_LARGE` as soon
 * as the body is known to be larger, and `ClientGone` when it never completes.
 */
export function readBody(req: IncomingMessage, maxBytes: number): Promise<string> {
  if (req.destroyed) return Promise.reject(new ClientGone());
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
      const text = (chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size)).toString('utf8');
      // the listeners live as long as the request, which may wait long for its answer
      chunks.length = 0;
      resolve(text);
    };
    // the listeners stay: to take them away costs more than all else in here, and they go with the request
    const onClose = () => {
      if (settled) return;
      settled = true;
      reject(new ClientGone());
    };
    req.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}

function tooLarge(maxBytes: number): RequestRefusal {
  const message = `The request body is larger than ${maxBytes} bytes (limits.http_max_request_bytes).`;
  return new RequestRefusal(413, 'REQUEST_TOO_LARGE', message);
}
