import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { CurrentTls } from './subgraph-tls.ts';

export interface ProbeOptions {
  /** `GET`s this path of the URL's origin. Without one, `{ __typename }` is sent to the URL. */
  readonly path?: string | undefined;
  readonly timeoutMs: number;
  readonly tls?: CurrentTls | undefined;
}

const QUERY = JSON.stringify({ query: '{ __typename }' });
const MAX_BYTES = 65_536;

/**
 * Checks whether a subgraph responds, over a connection of its own: free connections of a pool say nothing about new ones.
 * @returns what is wrong; `undefined` for a status of 200 to 299, and a GraphQL result with `data` where a query is sent
 */
export async function probeHealth(
  url: string,
  { path, timeoutMs, tls }: ProbeOptions,
  signal: AbortSignal,
): Promise<string | undefined> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  try {
    const response = await send(path === undefined ? new URL(url) : new URL(path, url), path === undefined, limit, tls);
    const { statusCode = 0 } = response;
    if (statusCode < 200 || statusCode > 299) {
      response.destroy();
      return `HTTP status ${statusCode}`;
    }
    if (path === undefined) return hasData(await textOf(response)) ? undefined : 'response is no GraphQL result';
    response.resume();
    return undefined;
  } catch (error) {
    if (signal.aborted) throw error;
    return limit.aborted
      ? `no response within ${timeoutMs} ms`
      : ((error as { code?: string }).code ?? 'no connection');
  }
}

function send(url: URL, isQuery: boolean, signal: AbortSignal, tls?: CurrentTls): Promise<IncomingMessage> {
  const { username, password } = url;
  const auth = username === '' ? undefined : `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const headers = isQuery ? { 'content-type': 'application/json', accept: 'application/json' } : {};
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
      ...{ agent: false as const, signal, headers, ...(auth !== undefined && { auth }) },
      ...tls?.(),
      method: isQuery ? 'POST' : 'GET',
    });
    request.on('response', resolve).on('error', reject);
    request.end(isQuery ? QUERY : undefined);
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) {
    text += chunk;
    if (text.length > MAX_BYTES) return '';
  }
  return text;
}

function hasData(text: string): boolean {
  try {
    const { data } = JSON.parse(text) as { data?: unknown };
    return typeof data === 'object' && data !== null;
  } catch {
    return false;
  }
}
