import type { Connector } from '../../connectors/connector.ts';
import { abortFailure, connectionFailure, isConnectionLoss, timeoutFailure } from '../http/http-failure.ts';
import type { CancelSignal } from '../source.ts';
import type { ApiRequest } from './api-request.ts';
import type { ApiTarget } from './api-target.ts';
import { parseJson } from './parse-json.ts';
import { failed, malformed } from './rest-failure.ts';

/** What an API answered, whole. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
}

export interface CallOptions {
  readonly subgraph: string;
  readonly connector: Connector;
  readonly target: ApiTarget;
  /** What the whole fetch may take; the wait for a place among the calls of the API counts. */
  readonly timeoutMs: number;
  /** What of it is left. */
  readonly leftMs: number;
  readonly signal: CancelSignal | undefined;
}

/** Calls an API. Throws `RestError` when no complete answer that can be read comes in time. */
export async function callApi(request: ApiRequest, options: CallOptions): Promise<ApiAnswer> {
  const { subgraph, connector, target, timeoutMs, leftMs, signal } = options;
  if (signal?.aborted) throw failed(subgraph, connector, abortFailure(subgraph));
  const abort = new AbortController();
  let late = false;
  const deadline = setTimeout(() => {
    late = true;
    abort.abort();
  }, leftMs);
  const onAbort = () => abort.abort();
  signal?.addEventListener('abort', onAbort);
  try {
    const calling = target.limiter.run(() => exchange(request, target, abort.signal));
    const { response, text } = await Promise.race([calling, whenAborted(abort.signal)]);
    if (text === undefined) {
      const reason = `it is larger than ${target.settings.maxResponseBytes} bytes`;
      throw malformed(subgraph, connector, reason, response.statusCode);
    }
    return { status: response.statusCode, headers: response.headers, body: bodyOf(text, response, options) };
  } catch (error) {
    if (late) throw failed(subgraph, connector, timeoutFailure(subgraph, timeoutMs));
    if (signal?.aborted) throw failed(subgraph, connector, abortFailure(subgraph));
    if (error instanceof Error && 'extensions' in error) throw error;
    throw failed(subgraph, connector, connectionFailure(subgraph, error));
  } finally {
    clearTimeout(deadline);
    signal?.removeEventListener('abort', onAbort);
  }
}

/** Rejects when nobody waits any more, also for what has not begun. */
function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

async function exchange(request: ApiRequest, { pool, settings }: ApiTarget, signal: AbortSignal) {
  signal.throwIfAborted();
  const { path, method, headers, body } = request;
  const sent = { path, method: method as 'GET', headers, body, signal };
  const response = await pool.request(sent).catch((error: unknown) => {
    // a kept-alive connection that the other side closed at that moment; what only reads can be sent again
    if (method !== 'GET' || !isConnectionLoss(error)) throw error;
    return pool.request(sent);
  });
  return { response, text: await readText(response.body, settings.maxResponseBytes) };
}

/** `undefined` when there are more bytes than allowed; the rest is not read then. */
async function readText(
  body: AsyncIterable<Buffer> & { destroy(): void },
  maxBytes: number,
): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) {
      body.destroy();
      return undefined;
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size).toString('utf8');
}

/**
 * A body is JSON whatever its type says, as many APIs do not say it; no body is null. Plain text is a string, unless it is
 * JSON after all. What is no JSON is passed over where the status tells of an error anyway.
 */
function bodyOf(
  text: string,
  response: { statusCode: number; headers: ApiAnswer['headers'] },
  options: CallOptions,
): unknown {
  const bare = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  if (bare.trim() === '') return null;
  const type = String(response.headers['content-type'] ?? '');
  const isText = type.startsWith('text/plain');
  if (isText && !/^\s*[[{]/.test(bare)) return bare;
  try {
    return parseJson(bare);
  } catch {
    if (isText || !isSuccessStatus(response.statusCode)) return isText ? bare : null;
    const what = type === '' || type.includes('json') ? 'it is no valid JSON' : `it is ${type.split(';')[0]}, not JSON`;
    throw malformed(options.subgraph, options.connector, what, response.statusCode);
  }
}

export function isSuccessStatus(status: number): boolean {
  return status >= 200 && status < 300;
}
