import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Transform } from 'node:stream';
import { type ClientResponse, clientWritesOf, type StreamWrites, untilTaken } from '../../http/client-writes.ts';
import type { RequestContext } from '../../http/request-context.ts';
import { joinVary } from '../../http/vary.ts';
import { readAcceptEncoding } from '../../shared/accept-encoding.ts';
import { type Coding, openFlushingEncoder } from '../../shared/content-codings.ts';
import type { StreamedResponse } from './streamed-response.ts';

/**
 * Sends a streamed response: each piece when it is there, and when the client has taken what was sent before. Compressed pieces are
 * flushed. Resolves when the response has ended; rejects when the pieces do, and resets the connection then, because the client
 * must not take what it has for the whole.
 * @param isCompressed whether the body is compressed for clients that accept it
 */
export async function sendStream(
  context: RequestContext,
  response: StreamedResponse,
  isCompressed: boolean,
): Promise<void> {
  const { res, req } = context;
  const pieces = response.pieces[Symbol.asyncIterator]();
  try {
    const coding = isCompressed ? readAcceptEncoding(req.headers['accept-encoding']).best : undefined;
    if (!(await writeHead(context, response, coding, isCompressed))) return;
    // the first event may come much later
    if (response.isLongLived) res.flushHeaders();
    const body = coding === undefined ? new PlainBody(res) : new EncodedBody(res, coding);
    for (let next = await pieces.next(); !next.done && !res.destroyed; next = await pieces.next())
      await body.write(next.value);
    if (!res.destroyed) await body.end();
  } catch (error) {
    res.destroy();
    throw error;
  } finally {
    response.onEnd?.();
    await pieces.return?.();
  }
}

/** Writes the head, as plugins have changed it. Returns false where a plugin sends another response, or the client has left. */
async function writeHead(
  context: RequestContext,
  { status, headers }: StreamedResponse,
  coding: Coding | undefined,
  isCompressed: boolean,
): Promise<boolean> {
  const { res, requestId } = context;
  if (res.destroyed || res.headersSent) return false;
  const own: Record<string, string> = { ...context.headers, 'x-request-id': requestId };
  for (const [name, value] of Object.entries(headers)) own[name] = String(value);
  const vary = joinVary(String(res.getHeader('vary') ?? ''), own.vary ?? '');
  own.vary = joinVary(vary, isCompressed ? 'accept, accept-encoding' : 'accept');
  const { responseHook } = res as ClientResponse;
  const all = responseHook ? await responseHook.startStream(res, own) : own;
  if (all === undefined || res.destroyed) return false;
  // after the hook, which must not change how the body is sent
  res.writeHead(status, coding === undefined ? all : { ...all, 'content-encoding': coding });
  return true;
}

class PlainBody {
  readonly #res: ServerResponse;
  readonly #writes: StreamWrites | undefined;

  constructor(res: ServerResponse) {
    this.#res = res;
    this.#writes = clientWritesOf(res)?.openStream(res);
  }

  async write(piece: string | Buffer): Promise<void> {
    if (this.#writes) this.#writes.write(piece);
    else this.#res.write(piece);
    await untilTaken(this.#res);
  }

  async end(): Promise<void> {
    this.#res.end();
  }
}

/** A compressed body. Everything of a piece is sent before the next one is compressed. */
class EncodedBody {
  readonly #body: PlainBody;
  readonly #encoder: Transform;
  #encoded: Buffer[] = [];

  constructor(res: ServerResponse, coding: Coding) {
    this.#body = new PlainBody(res);
    this.#encoder = openFlushingEncoder(coding);
    this.#encoder.on('data', (chunk: Buffer) => this.#encoded.push(chunk));
  }

  async write(piece: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#encoder.write(piece, (error) => (error ? reject(error) : resolve()));
    });
    await this.#send();
  }

  async end(): Promise<void> {
    const ended = once(this.#encoder, 'end');
    this.#encoder.end();
    await ended;
    await this.#send();
    await this.#body.end();
  }

  async #send(): Promise<void> {
    const encoded = Buffer.concat(this.#encoded);
    this.#encoded = [];
    if (encoded.length > 0) await this.#body.write(encoded);
  }
}
