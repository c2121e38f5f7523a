import type { IncomingMessage } from 'node:http';
import { type ByteBudget, COUNTED_FROM, type HeldBytes } from './byte-budget.ts';
import { OverloadedError } from './overloaded-error.ts';

/** Makes the errors with which reading fails. Shared by all requests, so that a request costs no closures for them. */
export interface ReadErrors {
  tooLarge(maxBytes: number): Error;
  /** The client closed the connection before its body was complete. */
  disconnected(): Error;
}

/** A request whose body may have been read before its handler reads it. */
interface RequestWithBody extends IncomingMessage {
  /** What reading returns, in place of the bytes that the client has sent. */
  givenBody?: Buffer | undefined;
  /** Whether something has begun to read the bytes of the client. */
  isBodyRead?: boolean | undefined;
}

/** Sets the bytes that all later reads of a request's body return. They have no content coding. */
export function giveBody(req: IncomingMessage, body: Buffer): void {
  (req as RequestWithBody).givenBody = body;
  delete req.headers['content-encoding'];
  delete req.headers['transfer-encoding'];
  req.headers['content-length'] = String(body.length);
}

/** Returns the bytes that were set for the body of a request. */
export function givenBodyOf(req: IncomingMessage): Buffer | undefined {
  return (req as RequestWithBody).givenBody;
}

/** Removes the body of a request that is read, and goes on for long. */
export function dropBody(req: IncomingMessage): void {
  (req as RequestWithBody).givenBody = undefined;
}

/** Returns whether something has begun to read the body of a request. */
export function isBodyRead(req: IncomingMessage): boolean {
  return (req as RequestWithBody).isBodyRead === true;
}

/**
 * Reads the body of a request, `maxBytes` at most. Rejects as soon as the body is known to be larger, by its
 * `Content-Length` or by what has arrived, and when it never completes.
 * @param read what the bytes are made into; the promise rejects with what it throws
 * @param budget counts the bytes of long bodies until they are complete; rejects with `OverloadedError` when there is no room
 */
export function readBytes<T>(
  req: IncomingMessage,
  maxBytes: number,
  read: (bytes: Buffer) => T,
  errors: ReadErrors,
  budget?: ByteBudget,
): Promise<T> {
  const { givenBody } = req as RequestWithBody;
  if (givenBody !== undefined) return readGiven(givenBody, maxBytes, read, errors);
  (req as RequestWithBody).isBodyRead = true;
  if (req.destroyed) return Promise.reject(errors.disconnected());
  if (Number(req.headers['content-length']) > maxBytes) return Promise.reject(errors.tooLarge(maxBytes));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let settled = false;
    let held: HeldBytes | undefined;
    const count = (bytes: number): boolean => {
      if (budget === undefined) return true;
      if (held !== undefined) return held.take(bytes);
      held = budget.open(true);
      return held.take(size);
    };
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (settled) return;
      const isTooLarge = size > maxBytes;
      if (!isTooLarge && (size <= COUNTED_FROM || count(chunk.length))) {
        chunks.push(chunk);
        return;
      }
      settled = true;
      held?.release();
      // Discards what still arrives: a client that cannot finish sending would not read the response.
      chunks.length = 0;
      reject(isTooLarge ? errors.tooLarge(maxBytes) : new OverloadedError('further large request bodies'));
    };
    const onEnd = () => {
      if (settled) return;
      settled = true;
      held?.release();
      const bytes = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size);
      // the listeners live as long as the request, which may wait long for its answer
      chunks.length = 0;
      try {
        resolve(read(bytes));
      } catch (error) {
        reject(error);
      }
    };
    // the listeners stay: removing them costs more than everything else here, and they end with the request
    const onClose = () => {
      if (settled) return;
      settled = true;
      held?.release();
      reject(errors.disconnected());
    };
    req.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}

async function readGiven<T>(
  body: Buffer,
  maxBytes: number,
  read: (bytes: Buffer) => T,
  errors: ReadErrors,
): Promise<T> {
  if (body.length > maxBytes) throw errors.tooLarge(maxBytes);
  return read(body);
}

/**
 * Reads the body of a response; `undefined` when it is larger than `maxBytes`, and the rest is not read then.
 * @param held counts the bytes; the promise rejects with `OverloadedError` when there is no room for them
 */
export async function readResponseBytes(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
  held?: HeldBytes,
): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    // to leave the loop closes the stream
    if (size > maxBytes) return undefined;
    if (held !== undefined && !held.take(chunk.length)) throw new OverloadedError('further large responses');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}
