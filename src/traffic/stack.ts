import type { ForwardHeaders, Source } from '../sources/source.ts';
import type { Instruments } from '../telemetry/instruments.ts';
import { collectCacheControl, collectCacheControlFromHeaders } from './collect-cache-control.ts';
import { measureFetches } from './measure-fetches.ts';
import { type MirrorOptions, mirrorReads } from './mirror-reads.ts';
import type { Outages } from './outages.ts';
import { respectRetryAfter } from './respect-retry-after.ts';
import { type RetryOptions, retryLostConnections } from './retry.ts';
import { type ShareInFlightOptions, shareInFlight } from './share-in-flight.ts';

/** Wraps a source. Returns a source that does one thing more. */
export type Layer = (source: Source) => Source;

/** Settings for the layers of one source. A missing setting means no layer. */
export interface StackParts {
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
  readonly outages?: Pick<Outages, 'watch'> | undefined;
  /** Shares identical reads. */
  readonly share?: ShareInFlightOptions | undefined;
  /** The rate limit of the subgraph. */
  readonly limitRate?: Layer | undefined;
  readonly instruments?: Pick<Instruments, 'fetchFinished'> | undefined;
  readonly retry?: RetryOptions | undefined;
}

type LayerOf = (parts: StackParts) => Layer | undefined;

/**
 * The layers around a source, the outermost first. A request passes them from top to bottom, its response from bottom to top.
 *
 * | layer | why it is here |
 * | --- | --- |
 * | `stitch` | one fetch becomes several requests to the service; each of them needs every other layer |
 * | `mirror` | outside `share` and `measure`: each client's read counts, and the mirror's responses count for nothing |
 * | `cacheControl` | outside `share`: each client that shares a response learns how long that response may be cached |
 * | `returnHeaders` | outside `share`: each client that shares a response gets its headers |
 * | `retryAfter` | outside `share`: each client that shares a response with `Retry-After` respects it; outside `outages` and `measure`: a fetch that is not sent is no failure |
 * | `outages` | outside `share`: each failed request counts, also those that shared one call |
 * | `share` | outside `limitRate`: requests that share a call use up the rate limit once; they share only what it counts together |
 * | `limitRate` | outside `measure`: a fetch that is refused was never sent, and is not measured |
 * | `measure` | outside `retry`: the time of a fetch includes both tries, and only the last result counts |
 * | `retry` | next to the source: a second try passes no other layer again |
 *
 * Several stacks of one subgraph, for its variants, are inside `chooseVariant`. `balance` is next to the source: it sends each try to one of
 * several URLs, each of which is a source of its own.
 *
 * The calls of a REST API are inside its source. `retryLostApiReads` wraps each of them, in place of `retry`.
 */
export const LAYERS: Readonly<Record<string, LayerOf>> = {
  stitch: ({ stitch }) => stitch,
  mirror: ({ mirror }) => mirror && ((source) => mirrorReads(source, mirror)),
  cacheControl: ({ cacheControl }) => cacheControl && cacheControlLayer(cacheControl),
  returnHeaders: ({ returnHeaders }) => returnHeaders,
  retryAfter: ({ respectsRetryAfter }) => (respectsRetryAfter ? respectRetryAfter : undefined),
  outages: ({ outages }) => outages && ((source) => outages.watch(source)),
  share: ({ share }) => share && ((source) => shareInFlight(source, share)),
  limitRate: ({ limitRate }) => limitRate,
  measure: ({ instruments }) => instruments && ((source) => measureFetches(source, instruments)),
  retry: ({ retry }) => retry && ((source) => retryLostConnections(source, retry)),
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
