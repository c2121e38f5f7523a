import type { ForwardHeaders, Source } from '../sources/source.ts';
import type { SubgraphInstruments } from '../telemetry/subgraph-instruments.ts';
import { breakCircuit } from './break-circuit.ts';
import type { Bulkhead } from './bulkhead.ts';
import { callFetchPlugins, callTryPlugins, type FetchedSource } from './call-plugins.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import { collectCacheControl, collectCacheControlFromHeaders } from './collect-cache-control.ts';
import { type HedgePolicy, hedgeReads } from './hedge.ts';
import { limitConcurrency } from './limit-concurrency.ts';
import { limitEntities } from './limit-entities.ts';
import { measureFetches } from './measure-fetches.ts';
import { type MirrorOptions, mirrorReads } from './mirror-reads.ts';
import type { Outages } from './outages.ts';
import { respectRetryAfter } from './respect-retry-after.ts';
import { type RetryPolicy, retryReads } from './retry.ts';
import { setDeadline } from './set-deadline.ts';
import { type ShareInFlightOptions, shareInFlight } from './share-in-flight.ts';

/** Wraps a source. Returns a source that does one thing more. */
export type Layer = (source: Source) => Source;

/** Settings for the layers of one source. A missing setting means no layer. */
export interface StackParts {
  /** The most entities of one request. */
  readonly maxEntities?: number | undefined;
  /** Turns a plain GraphQL service into a federation subgraph. */
  readonly stitch?: Layer | undefined;
  /** Where to find how long a response may be cached. `forward` returns the headers that rules send to the source. */
  readonly cacheControl?:
    | { readonly in: 'response' }
    | { readonly in: 'headers'; readonly forward: ForwardHeaders | undefined }
    | undefined;
  /** Sends a share of reads to a second URL. */
  readonly mirror?: MirrorOptions | undefined;
  /** Passes headers of the response to the client. */
  readonly returnHeaders?: Layer | undefined;
  /** Whether fetches are not sent after `Retry-After`. */
  readonly respectsRetryAfter?: boolean | undefined;
  /** Whether there are plugins. */
  readonly plugins?: boolean | undefined;
  /** What they see of the source. */
  readonly fetched?: FetchedSource | undefined;
  /** Whether the source itself calls `onTry`, for each of its calls. */
  readonly callsTryPlugins?: boolean | undefined;
  /** Caches responses. */
  readonly cache?: Layer | undefined;
  readonly outages?: Pick<Outages, 'watch'> | undefined;
  /** Shares identical reads. */
  readonly share?: ShareInFlightOptions | undefined;
  /** The rate limit of the subgraph. */
  readonly limitRate?: Layer | undefined;
  readonly instruments?: Pick<SubgraphInstruments, 'fetchesOf'> | undefined;
  /** The time that all tries of a fetch have together. */
  readonly deadline?: { readonly timeoutMs: number } | undefined;
  readonly retry?: RetryPolicy | undefined;
  readonly hedge?: HedgePolicy | undefined;
  readonly concurrency?: { readonly bulkhead: Bulkhead; readonly timeoutMs: number } | undefined;
  readonly breaker?: CircuitBreaker | undefined;
}

type LayerOf = (parts: StackParts) => Layer | undefined;

/**
 * The layers around a source, the outermost first. A request passes them from top to bottom, its response from bottom to top.
 *
 * | layer | why it is here |
 * | --- | --- |
 * | `entities` | outside of all: each part of a request that is split needs every other layer, and is a fetch of its own to them |
 * | `stitch` | one fetch becomes several requests to the service; each of them needs every other layer |
 * | `cacheControl` | outside `share`: each client that shares a response learns how long that response may be cached |
 * | `returnHeaders` | outside `share`: each client that shares a response gets its headers |
 * | `retryAfter` | outside `share`: each client that shares a response with `Retry-After` respects it; outside `outages` and `measure`: a fetch that is not sent is no failure |
 * | `plugins` | outside `share`: each client's fetch calls `onFetch`, and what it adds to the fetch counts for sharing; outside `outages`: a plugin that fails is no outage |
 * | `mirror` | inside `plugins`: the mirror gets what they have made of a fetch, and nothing where they refuse it; outside `share` and `measure`: each client's read counts, and the mirror's responses count for nothing |
 * | `cache` | inside `plugins`: what they add to a fetch counts for the key; outside `outages`: a response from the cache says nothing about the subgraph; outside `share`: only what is not cached is fetched |
 * | `outages` | outside `share`: each failed request counts, also those that shared one call |
 * | `share` | outside `limitRate`: requests that share a call use up the rate limit once; they share only what it counts together |
 * | `limitRate` | outside `measure`: a fetch that is refused was never sent, and is not measured |
 * | `measure` | outside `retry`: the time of a fetch includes all tries, and only the last result counts |
 * | `deadline` | inside `share`: a shared call that is made again for other clients has its own time; outside `retry`: all tries have one deadline |
 * | `retry` | outside `hedge`: a try that is hedged fails when both of its requests fail |
 * | `hedge` | outside `concurrency`: a request that waits for its turn is slow, too, and the second one counts as one more call |
 * | `tries` | inside `hedge` and `retry`: each request calls `onTry`; outside `breaker`: a plugin that fails is no failure of the subgraph |
 * | `concurrency` | outside `breaker`: a call that waits learns the state of the circuit when it is its turn |
 * | `breaker` | next to the source, one for each URL: it counts single calls, and no waits |
 *
 * Several stacks of one subgraph, for its variants, are inside `chooseVariant`. `balance` is next to the source: it sends each try to one of
 * several URLs, each of which is a source of its own.
 *
 * Requests are signed in the source itself, for each try: a signature covers the headers and the body as they are sent.
 *
 * The calls of a REST API are inside its source. `callApiSafely` wraps each of them, in place of the last six.
 */
export const LAYERS: Readonly<Record<string, LayerOf>> = {
  entities: ({ maxEntities }) =>
    maxEntities === undefined ? undefined : (source) => limitEntities(source, maxEntities),
  stitch: ({ stitch }) => stitch,
  cacheControl: ({ cacheControl }) => cacheControl && cacheControlLayer(cacheControl),
  returnHeaders: ({ returnHeaders }) => returnHeaders,
  retryAfter: ({ respectsRetryAfter }) => (respectsRetryAfter ? respectRetryAfter : undefined),
  plugins: ({ plugins, fetched }) => (plugins ? (source) => callFetchPlugins(source, fetched) : undefined),
  mirror: ({ mirror }) => mirror && ((source) => mirrorReads(source, mirror)),
  cache: ({ cache }) => cache,
  outages: ({ outages }) => outages && ((source) => outages.watch(source)),
  share: ({ share, instruments }) =>
    share && ((source) => shareInFlight(source, { ...share, onShared: instruments?.fetchesOf(source.name).shared })),
  limitRate: ({ limitRate }) => limitRate,
  measure: ({ instruments }) => instruments && ((source) => measureFetches(source, instruments)),
  deadline: ({ deadline }) => deadline && ((source) => setDeadline(source, deadline.timeoutMs)),
  retry: ({ retry, deadline }) =>
    retry && ((source) => retryReads(source, { ...retry, ownsRequests: deadline !== undefined })),
  hedge: ({ hedge, deadline }) =>
    hedge && ((source) => hedgeReads(source, { ...hedge, ownsRequests: deadline !== undefined })),
  tries: ({ plugins, callsTryPlugins }) => (plugins && !callsTryPlugins ? callTryPlugins : undefined),
  concurrency: ({ concurrency }) => concurrency && concurrencyLayer(concurrency),
  breaker: ({ breaker }) => breaker && ((source) => breakCircuit(source, breaker)),
};

/** Wraps a source in the layers that have settings. Closes it and throws when a layer cannot be created. */
export function stack(source: Source, parts: StackParts): Source {
  try {
    return Object.values(LAYERS).reduceRight((inner, layerOf) => layerOf(parts)?.(inner) ?? inner, source);
  } catch (error) {
    void source.close();
    throw error;
  }
}

function cacheControlLayer(settings: NonNullable<StackParts['cacheControl']>): Layer {
  if (settings.in === 'response') return collectCacheControl;
  return (source) => collectCacheControlFromHeaders(source, settings.forward);
}

function concurrencyLayer({ bulkhead, timeoutMs }: NonNullable<StackParts['concurrency']>): Layer {
  return (source) => limitConcurrency(source, bulkhead, timeoutMs);
}
