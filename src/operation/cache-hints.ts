import type { CacheControlUse } from '../supergraph/cache-hints.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';

/** How long a field's value holds, and for whom. */
export interface CacheHint {
  readonly maxAgeMs?: number | undefined;
  readonly scope?: 'public' | 'private' | undefined;
  /** It holds as long as the object that it stands on. */
  readonly inherit?: boolean | undefined;
}

/** Hints by coordinate: `Product`, `Query.latestReviews`. */
export type CacheHints = ReadonlyMap<string, CacheHint>;

/**
 * What schema files say by `@cacheControl`, and what supergraphs composed elsewhere bear of it on their types and fields;
 * what the configuration says of the same place goes before it.
 * @see https://www.apollographql.com/docs/apollo-server/performance/caching
 */
export function readHints({ cacheControl }: Pick<Supergraph, 'cacheControl'>, configured: CacheHints): CacheHints {
  const hints = new Map<string, CacheHint>();
  for (const use of cacheControl) hints.set(use.coordinate, hintOf(use));
  for (const [coordinate, hint] of configured) hints.set(coordinate, hint);
  return hints;
}

function hintOf({ maxAge, scope, inheritMaxAge }: CacheControlUse): CacheHint {
  return {
    maxAgeMs: maxAge === undefined ? undefined : maxAge * 1000,
    scope: scope === 'PRIVATE' ? 'private' : scope === 'PUBLIC' ? 'public' : undefined,
    inherit: inheritMaxAge,
  };
}
