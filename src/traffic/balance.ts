import { TriedUrls } from '../shared/tried-urls.ts';
import type { ClientContext, Source, SourceRequest, SubgraphResponse } from '../sources/source.ts';
import { copyRequest } from './copy-request.ts';
import type { Endpoint } from './endpoint.ts';
import type { EndpointGroup } from './endpoint-group.ts';
import { isObjectText } from './object-text.ts';
import { monotonicNow, receivedAt } from './received-at.ts';

export interface BalanceOptions {
  readonly group: EndpointGroup;
  /** Opens the source of one URL, with the layers that each URL has. */
  readonly open: (endpoint: Endpoint) => Source;
  /** Timeout of a request, in milliseconds. */
  readonly timeoutMs: number;
  /** A monotonic clock, in milliseconds. */
  readonly now?: () => number;
  /** Returns what consistent hashing goes by. */
  readonly keyOf?: ((client: ClientContext) => string | undefined) | undefined;
}

/**
 * Creates a source that sends each request to one of several URLs.
 *
 * A request for which no connection was opened has not been executed, so it goes on to another URL at once, reads and mutations alike,
 * to each URL at most once, and within the same timeout.
 * All other failures are returned. A layer above that sends a request again passes the same `tried`, and gets another URL.
 */
export function balance({ group, open, keyOf, timeoutMs, now = monotonicNow }: BalanceOptions): Source {
  const sources = openAll(group.endpoints, open);
  const close = async () => {
    await Promise.all([...sources.values()].map((source) => source.close()));
  };

  function sendTo(request: SourceRequest, tried: TriedUrls | undefined, done: Done, isFailover = false) {
    const start = request.sentAt ?? now();
    const endpoint = group.choose(keyOf?.(request.client), tried, isFailover, start);
    tried?.add(endpoint.url);
    (sources.get(endpoint) as Source).send(request, (response) => {
      const end = receivedAt(response, now);
      group.ended(endpoint, isGood(response, end - start >= timeoutMs / 2), end, end - start);
      if (!isUnsent(response) || request.client.signal?.aborted) return done(response);
      const next = tried ?? new TriedUrls(endpoint.url);
      if (!group.hasUntried(next)) return done(response);
      request.trace?.expectTry('failover: no connection');
      const copy = copyRequest(request);
      copy.deadline ??= start + timeoutMs;
      copy.sentAt = undefined;
      sendTo(copy, next, done, true);
    });
  }

  return { name: group.subgraph, send: (request, done) => sendTo(request, request.tried, done), close };
}

type Done = (response: SubgraphResponse) => void;

function openAll(endpoints: readonly Endpoint[], open: BalanceOptions['open']): ReadonlyMap<Endpoint, Source> {
  const sources = new Map<Endpoint, Source>();
  try {
    for (const endpoint of endpoints) sources.set(endpoint, open(endpoint));
    return sources;
  } catch (error) {
    for (const source of sources.values()) void source.close();
    throw error;
  }
}

function isUnsent(response: SubgraphResponse): boolean {
  return response.kind === 'failure' && response.failure.isUnsent === true;
}

/**
 * Returns whether a response speaks for its URL: no connection, no response in time, a status of 500 and above, and a body that is no
 * GraphQL result speak against it. A mistake of the client says nothing, and neither does a request that was cancelled, unless it had waited
 * for long: the whole client request may have its timeout before this one.
 */
export function isGood(response: SubgraphResponse, wasSlow: boolean): boolean | undefined {
  if (response.kind === 'parsed') return response.status < 500;
  if (response.kind === 'text') return response.status < 500 && isObjectText(response.text);
  const { code, status, reason } = response.failure;
  if (code === 'SUBREQUEST_TIMEOUT' || code === 'SUBREQUEST_MALFORMED_RESPONSE') return false;
  if (code !== 'SUBREQUEST_HTTP_ERROR') return undefined;
  if (reason === 'request aborted') return wasSlow ? false : undefined;
  return status === undefined || status >= 500 ? false : undefined;
}
