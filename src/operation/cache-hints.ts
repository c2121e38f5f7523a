import type { CacheControlUse } from '../supergraph/cache-hints.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';

/** How long the value of a field may be cached, and for whom. */
export interface CacheHint {
  readonly maxAgeMs?: number | undefined;
  readonly scope?: 'public' | 'private' | undefined;
  /** Whether it may be cached as long as the object around it. */
  readonly inherit?: boolean | undefined;
}

/** Hints by coordinate: `Product`, `Query.latestReviews`. */
export type CacheHints = ReadonlyMap<string, CacheHint>;

/**
 * Returns the hints of `@cacheControl` in schema files and in supergraphs composed elsewhere. Hints in the
 * configuration for the same coordinate win.
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
