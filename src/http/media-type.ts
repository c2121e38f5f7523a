import { charsetOf, type MediaRange, parseAccept } from '../client/media-type.ts';
import { isUtf8Charset } from '../shared/decode-text.ts';

export const JSON_TYPE = 'application/json; charset=utf-8';
export const GRAPHQL_RESPONSE_TYPE = 'application/graphql-response+json; charset=utf-8';

/** In the order of preference where a client ranks them equally. */
const OFFERED = [
  { type: 'application/json', answer: JSON_TYPE },
  { type: 'application/graphql-response+json', answer: GRAPHQL_RESPONSE_TYPE },
] as const;

/** Distinct `accept` values are few in practice; the bound is for those who make them up. */
const CACHE_SIZE = 64;
const cache = new Map<string, string | undefined>();

/**
 * The content type to answer with, by the client's `accept` header (RFC 9110, section 12.5.1); `undefined` when it
 * rules out both that a GraphQL server has. A client that names both without ranking them gets the newer one, which
 * only a client that knows it asks for.
 */
export function negotiateMediaType(accept: string | undefined): string | undefined {
  if (accept === undefined || accept === '' || accept === '*/*') return JSON_TYPE;
  if (cache.has(accept)) return cache.get(accept);
  const answer = choose(accept);
  if (cache.size < CACHE_SIZE) cache.set(accept, answer);
  return answer;
}

function choose(accept: string): string | undefined {
  const ranges = parseAccept(accept);
  let best: { quality: number; answer: string } | undefined;
  for (const { type, answer } of OFFERED) {
    const match = mostSpecific(ranges, type);
    if (!match || match.quality <= 0) continue;
    const better = !best || match.quality > best.quality || (match.quality === best.quality && match.essence === type);
    if (better) best = { quality: match.quality, answer };
  }
  return best?.answer;
}

interface Match {
  readonly essence: string;
  readonly quality: number;
}

/** Of several ranges that differ in their parameters only, the one that the client likes best. */
function mostSpecific(ranges: readonly MediaRange[], type: string): Match | undefined {
  for (const essence of [type, 'application/*', '*/*']) {
    const qualities = ranges.filter((range) => range.essence === essence).map(qualityInUtf8);
    if (qualities.length > 0) return { essence, quality: Math.max(...qualities) };
  }
  return undefined;
}

/** A range that asks for another charset than UTF-8 cannot be met. */
function qualityInUtf8(range: MediaRange): number {
  const charset = charsetOf(range);
  return charset === undefined || isUtf8Charset(charset) ? range.quality : 0;
}

/** Whether a client that asks with `GET` wants a page: a browser names HTML, and nothing of GraphQL before it. */
export function prefersHtml(accept: string | undefined): boolean {
  if (accept === undefined || !/text\/html/i.test(accept)) return false;
  const ranges = parseAccept(accept);
  const best = (essences: readonly string[]) =>
    Math.max(0, ...ranges.filter(({ essence }) => essences.includes(essence)).map(({ quality }) => quality));
  const html = best(['text/html']);
  return html > 0 && html >= best(OFFERED.map(({ type }) => type));
}
