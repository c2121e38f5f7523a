import { charsetOf, type MediaRange, parseAccept } from '../client/media-type.ts';
import { isUtf8Charset } from '../shared/decode-text.ts';

export const JSON_TYPE = 'application/json; charset=utf-8';
export const GRAPHQL_RESPONSE_TYPE = 'application/graphql-response+json; charset=utf-8';

/** In the order of preference where a client ranks them equally. */
const SUPPORTED_TYPES = [
  { type: 'application/json', contentType: JSON_TYPE },
  { type: 'application/graphql-response+json', contentType: GRAPHQL_RESPONSE_TYPE },
] as const;

/** The media types of whole results, the preferred one first. */
export const RESULT_TYPES: readonly string[] = SUPPORTED_TYPES.map(({ type }) => type).reverse();

/** Distinct `accept` values are few in practice. The bound protects against clients that invent new ones. */
const CACHE_SIZE = 64;
const cache = new Map<string, string | undefined>();

/**
 * Returns the content type of the response, by the client's `accept` header (RFC 9110, section 12.5.1); `undefined` when the
 * header excludes both types of GraphQL over HTTP. A client that names both with equal rank gets the newer one.
 */
export function negotiateMediaType(accept: string | undefined): string | undefined {
  if (accept === undefined || accept === '' || accept === '*/*') return JSON_TYPE;
  if (cache.has(accept)) return cache.get(accept);
  const contentType = choose(accept);
  if (cache.size < CACHE_SIZE) cache.set(accept, contentType);
  return contentType;
}

function choose(accept: string): string | undefined {
  const ranges = parseAccept(accept);
  let best: { quality: number; contentType: string } | undefined;
  for (const { type, contentType } of SUPPORTED_TYPES) {
    const match = mostSpecific(ranges, type);
    if (!match || match.quality <= 0) continue;
    const better = !best || match.quality > best.quality || (match.quality === best.quality && match.essence === type);
    if (better) best = { quality: match.quality, contentType };
  }
  return best?.contentType;
}

interface Match {
  readonly essence: string;
  readonly quality: number;
}

/** Returns the most specific range for a type. Of ranges that differ only in parameters, the highest quality counts. */
function mostSpecific(ranges: readonly MediaRange[], type: string): Match | undefined {
  for (const essence of [type, 'application/*', '*/*']) {
    const qualities = ranges.filter((range) => range.essence === essence).map(qualityInUtf8);
    if (qualities.length > 0) return { essence, quality: Math.max(...qualities) };
  }
  return undefined;
}

/** Returns the quality of a range; 0 when it requires another charset than UTF-8. */
function qualityInUtf8(range: MediaRange): number {
  const charset = charsetOf(range);
  return charset === undefined || isUtf8Charset(charset) ? range.quality : 0;
}

/** Returns whether a `GET` client wants an HTML page: it accepts HTML, and prefers no type of GraphQL to it. */
export function prefersHtml(accept: string | undefined): boolean {
  if (accept === undefined || !/text\/html/i.test(accept)) return false;
  const ranges = parseAccept(accept);
  const best = (essences: readonly string[]) =>
    Math.max(0, ...ranges.filter(({ essence }) => essences.includes(essence)).map(({ quality }) => quality));
  const html = best(['text/html']);
  return html > 0 && html >= best(SUPPORTED_TYPES.map(({ type }) => type));
}
