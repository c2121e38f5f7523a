import type { ByteBudget } from '../../shared/byte-budget.ts';
import type { FetchTrace } from '../../shared/fetch-trace.ts';
import { readSubgraphUrl, type SubgraphAddress } from '../../shared/subgraph-url.ts';
import { acceptEncoding, type Compression, NO_COMPRESSION } from '../body-encoding.ts';
import type { ForwardHeaders, Source, SubgraphResponse } from '../source.ts';
import { HttpCall } from './http-call.ts';
import { type PoolSettings, SOCKET_ORIGIN } from './http-pool.ts';
import { createHttpPools, type HttpPools } from './http-pools.ts';
import type { HttpTarget, SignCall } from './http-target.ts';
import type { SignRequest } from './signing/sign-request.ts';

export const DEFAULT_TIMEOUT_MS = 30_000;
export const DEFAULT_MAX_RESPONSE_BYTES = 100 * 1024 * 1024;

export interface HttpSourceOptions {
  readonly name: string;
  readonly url: string;
  /** Timeout of the whole call, from the wait for a connection to the last byte. Default 30,000 ms. */
  readonly timeoutMs?: number;
  /** The largest allowed response. Default 100 MiB. */
  readonly maxResponseBytes?: number;
  /** Selects the client headers to forward. Default none. */
  readonly forward?: ForwardHeaders | undefined;
  /** How bodies are encoded. By default responses are requested in gzip, and requests are not encoded. */
  readonly compression?: Compression | undefined;
  /** Whether responses include their headers. Default false. */
  readonly returnsHeaders?: boolean;
  /** The header for the time that is left, in milliseconds. Default none. */
  readonly deadlineHeader?: string | undefined;
  /** Whose connections are used: sources with the same owner and origin share them. Default: `name`. */
  readonly poolOwner?: string | undefined;
  /** Settings of the connections. The first source with this owner and origin sets them. */
  readonly pool?: PoolSettings | undefined;
  /** Pools shared with other sources. By default the source has its own. */
  readonly pools?: HttpPools;
  /** Signs each call. Default: calls are not signed. */
  readonly sign?: SignRequest | undefined;
  /** Counts the bytes of long responses while they arrive. By default they are not counted. */
  readonly byteBudget?: ByteBudget | undefined;
  /** The path of requests, in place of that of the URL. */
  readonly path?: string | undefined;
  /** The value of `Accept`. Default: GraphQL results. */
  readonly accept?: string | undefined;
}

/**
 * Creates a source for a federation subgraph over HTTP with keep-alive. Throws a `TypeError` when `url` cannot be used. `send` never throws: every failure is a `SourceFailure`.
 *
 * @see https://graphql.github.io/graphql-over-http/draft/
 */
export function createHttpSource(options: HttpSourceOptions): Source {
  const { target, address, close } = openHttpTarget(options);
  return {
    name: options.name,
    send(request, done) {
      const { trace } = request;
      new HttpCall(target, request, trace ? traced(trace, address, done) : done).start();
    },
    close,
  };
}

/** Where calls go, with its connections. */
export interface OpenHttpTarget {
  readonly target: HttpTarget;
  readonly address: SubgraphAddress;
  /** Resolves after the calls in flight have completed, where nothing else uses the connections. */
  close(): Promise<void>;
}

/** Opens the connections of a source. Throws a `TypeError` when `url` cannot be used. */
export function openHttpTarget(options: HttpSourceOptions): OpenHttpTarget {
  const url = parseUrl(options);
  const pools = options.pools ?? createHttpPools();
  const compression = options.compression ?? NO_COMPRESSION;
  const owner = options.poolOwner ?? options.name;
  const target: HttpTarget = {
    name: options.name,
    pool: pools.acquire(owner, url.origin, options.pool),
    path: url.path,
    url: urlForTraces(url),
    headers: requestHeaders(url, compression, options.accept),
    compression: compression.request,
    forward: options.forward,
    returnsHeaders: options.returnsHeaders ?? false,
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    deadlineHeader: options.deadlineHeader,
    maxResponseBytes: options.maxResponseBytes ?? DEFAULT_MAX_RESPONSE_BYTES,
    byteBudget: options.byteBudget,
    sign: options.sign && signFor(url, options.sign),
    signsBody: options.sign?.coversBody === true,
  };
  let closed = false;
  return {
    target,
    address: url,
    async close() {
      if (closed) return;
      closed = true;
      await pools.release(owner, url.origin);
    },
  };
}

/** Returns a callback that records the end of a call, too. */
function traced(
  trace: FetchTrace,
  { origin, path }: SubgraphAddress,
  done: (response: SubgraphResponse) => void,
): (response: SubgraphResponse) => void {
  const end = trace.beginTry(origin + path);
  return (response) => {
    end(response.kind === 'failure' ? response.failure : { status: response.status });
    done(response);
  };
}

/** Returns what signs the calls to one address. */
export function signFor({ origin, path }: SubgraphAddress, sign: SignRequest): SignCall {
  const { protocol, host } = new URL(origin.startsWith('unix:') ? SOCKET_ORIGIN : origin);
  const target = { method: 'POST', scheme: protocol.slice(0, -1), authority: host, path };
  return (headers, body) => sign({ ...target, headers }, body);
}

function parseUrl({ name, url, path }: Pick<HttpSourceOptions, 'name' | 'url' | 'path'>): SubgraphAddress {
  const address = readSubgraphUrl(url);
  if (typeof address === 'string') throw new TypeError(`Subgraph "${name}" has the URL "${url}"; ${address}.`);
  return path === undefined ? address : { ...address, path };
}

function urlForTraces({ origin, path }: SubgraphAddress): string {
  return `${origin}${path.split('?', 1)[0]}`;
}

const GRAPHQL_RESULTS = 'application/graphql-response+json, application/json';

function requestHeaders(
  { credentials }: SubgraphAddress,
  compression: Compression,
  accept = GRAPHQL_RESULTS,
): string[] {
  const headers = ['content-type', 'application/json', 'accept', accept];
  headers.push('accept-encoding', acceptEncoding(compression));
  if (compression.request) headers.push('content-encoding', compression.request);
  if (credentials !== undefined) headers.push('authorization', basicAuthorization(credentials));
  return headers;
}

export function basicAuthorization(credentials: string): string {
  return `Basic ${Buffer.from(credentials).toString('base64')}`;
}
