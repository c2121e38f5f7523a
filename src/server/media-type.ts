import { GRAPHQL_RESPONSE_TYPE, JSON_TYPE } from './graphql-pipeline.ts';

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

interface Range {
  readonly type: string;
  readonly quality: number;
}

function choose(accept: string): string | undefined {
  const ranges = accept.toLowerCase().split(',').map(parseRange);
  let best: { quality: number; answer: string } | undefined;
  for (const { type, answer } of OFFERED) {
    const match = mostSpecific(ranges, type);
    if (!match || match.quality <= 0) continue;
    const better = !best || match.quality > best.quality || (match.quality === best.quality && match.type === type);
    if (better) best = { quality: match.quality, answer };
  }
  return best?.answer;
}

/** A range that asks for another charset than UTF-8 cannot be met: quality 0. */
function parseRange(text: string): Range {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim());
  let quality = 1;
  for (const parameter of parameters) {
    const [name, value = ''] = parameter.split('=').map((part) => part.trim());
    if (name === 'q') quality = Number.parseFloat(value) || 0;
    if (name === 'charset' && value.replaceAll('"', '') !== 'utf-8') return { type, quality: 0 };
  }
  return { type, quality };
}

function mostSpecific(ranges: readonly Range[], type: string): Range | undefined {
  for (const wanted of [type, 'application/*', '*/*']) {
    const range = ranges.find((candidate) => candidate.type === wanted);
    if (range) return range;
  }
  return undefined;
}
