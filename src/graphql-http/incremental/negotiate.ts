import { parseAccept } from '../../client/media-type.ts';
import { multipartFormat } from '../writers/multipart.ts';
import { SERVER_SENT_EVENTS } from '../writers/server-sent-events.ts';
import type { StreamFormat } from '../writers/streamed-response.ts';

/** `20220824`: each part has path and label. `v0.2`: parts are announced, and named by ids. */
export type IncrementalProtocol = '20220824' | 'v0.2';

/** How a client reads the parts of a result that come after the first. */
export interface IncrementalFormat extends StreamFormat {
  readonly protocol: IncrementalProtocol;
}

/** The formats in the order of preference where a client ranks them equally, with the media ranges that name them. */
const FORMATS: readonly {
  readonly essence: string;
  readonly parameter?: string;
  readonly format: IncrementalFormat;
}[] = [
  {
    essence: 'multipart/mixed',
    parameter: 'incrementalSpec=v0.2',
    format: { ...multipartFormat('incrementalSpec=v0.2'), protocol: 'v0.2' },
  },
  {
    essence: 'multipart/mixed',
    parameter: 'deferSpec=20220824',
    format: { ...multipartFormat('deferSpec=20220824'), protocol: '20220824' },
  },
  { essence: 'multipart/mixed', format: { ...multipartFormat(), protocol: '20220824' } },
  {
    essence: 'text/event-stream',
    parameter: 'incrementalSpec=v0.2',
    format: { ...SERVER_SENT_EVENTS, protocol: 'v0.2' },
  },
  { essence: 'text/event-stream', format: { ...SERVER_SENT_EVENTS, protocol: '20220824' } },
];

/** The media types of results in parts, as a client accepts them. */
export const INCREMENTAL_TYPES: readonly string[] = FORMATS.map(({ essence, parameter }) =>
  parameter === undefined ? essence : `${essence};${parameter}`,
);

/** Parameters that name the protocol of the parts. One that is not known here, or is for subscriptions, excludes its range. */
const PROTOCOLS: ReadonlySet<string> = new Set(['deferspec', 'incrementalspec', 'subscriptionspec']);

/** Distinct `accept` values are few in practice. The bound protects against clients that invent new ones. */
const CACHE_SIZE = 64;
const cache = new Map<string, IncrementalFormat | undefined>();

/**
 * Returns the format in which a client accepts a result in parts; `undefined` for none. A wildcard is not enough.
 *
 * In:  `multipart/mixed;deferSpec=20220824,application/json;q=0.9`
 * Out: the format of `multipart/mixed; boundary="-"; deferSpec=20220824`
 */
export function negotiateIncremental(accept: string | undefined): IncrementalFormat | undefined {
  if (accept === undefined || accept.length < SHORTEST) return undefined;
  if (cache.has(accept)) return cache.get(accept);
  const format = choose(accept);
  if (cache.size < CACHE_SIZE) cache.set(accept, format);
  return format;
}

/** The length of `multipart/mixed`; `application/json` is longer, but cached. */
const SHORTEST = 15;

function choose(accept: string): IncrementalFormat | undefined {
  let best: { readonly quality: number; readonly format: IncrementalFormat } | undefined;
  const ranges = parseAccept(accept).map(({ essence, quality, parameters }) => {
    const named = parameters.filter(([name]) => PROTOCOLS.has(name)).map(([name, value]) => `${name}=${value}`);
    return { essence, quality, parameter: named.length === 0 ? undefined : named.join().toLowerCase() };
  });
  for (const { essence, parameter, format } of FORMATS) {
    const range = ranges.find((one) => one.essence === essence && one.parameter === parameter?.toLowerCase());
    if (range !== undefined && range.quality > (best?.quality ?? 0)) best = { quality: range.quality, format };
  }
  return best?.format;
}
