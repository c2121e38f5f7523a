import type { Dispatcher } from 'undici';
import requestBy from 'undici/lib/api/api-request.js';
import { readSubgraphUrl, type SubgraphAddress } from '../../shared/subgraph-url.ts';
import { connectionReason } from './http-failure.ts';
import type { PoolSettings } from './http-pool.ts';
import { basicAuthorization, signFor } from './http-source.ts';
import { openConnections } from './open-connections.ts';
import type { SignRequest } from './signing/sign-request.ts';

export interface ProbeOptions {
  /** `GET`s this path of the URL's origin. Without one, `{ __typename }` is sent to the URL. */
  readonly path?: string | undefined;
  readonly timeoutMs: number;
  /** How connections to the subgraph are opened. */
  readonly pool?: PoolSettings | undefined;
  /** Signs the query. */
  readonly sign?: SignRequest | undefined;
}

const QUERY = JSON.stringify({ query: '{ __typename }' });
const MAX_BYTES = 65_536;

/**
 * Checks whether a subgraph responds, over a connection of its own: free connections of a pool say nothing about new ones.
 * @returns what is wrong; `undefined` for a status of 200 to 299, and a GraphQL result with `data` where a query is sent
 */
export async function probeHealth(
  url: string,
  { path, timeoutMs, pool, sign }: ProbeOptions,
  signal: AbortSignal,
): Promise<string | undefined> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const address = readSubgraphUrl(url);
  if (typeof address === 'string') return address;
  const connections = openConnections(address.origin, { ...pool, connections: 1 });
  try {
    const { credentials } = address;
    const headers = credentials === undefined ? [] : ['authorization', basicAuthorization(credentials)];
    const request = path === undefined ? queryTo(address, headers, sign) : { method: 'GET', path, headers };
    const response = await requestBy.call(connections.fresh, {
      ...request,
      signal: limit,
    } as Dispatcher.RequestOptions);
    return await problemOf(response, path === undefined);
  } catch (error) {
    if (signal.aborted) throw error;
    return limit.aborted ? `no response within ${timeoutMs} ms` : reasonOf(error);
  } finally {
    void connections.close();
  }
}

function queryTo(address: SubgraphAddress, headers: readonly string[], sign: SignRequest | undefined) {
  const all = ['content-type', 'application/json', 'accept', 'application/json', ...headers];
  const signed = sign ? signFor(address, sign)(all, QUERY) : all;
  return { method: 'POST', path: address.path, headers: signed, body: QUERY };
}

async function problemOf({ statusCode, body }: Dispatcher.ResponseData, isQuery: boolean): Promise<string | undefined> {
  // a body that is not read to its end fails
  body.on('error', () => {});
  if (statusCode < 200 || statusCode > 299) {
    body.destroy();
    return `HTTP status ${statusCode}`;
  }
  if (isQuery) return hasData(await textOf(body)) ? undefined : 'response is no GraphQL result';
  body.destroy();
  return undefined;
}

async function textOf(body: Dispatcher.ResponseData['body']): Promise<string> {
  let text = '';
  for await (const chunk of body.setEncoding('utf8')) {
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

function reasonOf(error: unknown): string {
  const { code } = error as { code?: string };
  return connectionReason(code) ?? code ?? 'no connection';
}
