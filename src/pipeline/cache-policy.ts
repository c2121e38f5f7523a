import type { DocumentNode, OperationDefinitionNode } from 'graphql';
import { separateOperations } from 'graphql';
import type { Freshness } from '../client/freshness.ts';
import type { TagCollector } from '../client/tag-collector.ts';
import { readHints } from '../operation/cache-hints.ts';
import { type HintedSchema, type MatchedHints, matchHints } from '../operation/match-hints.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';

/** How long a result may be cached, and for which clients. */
export interface CachePolicy {
  /** 0 where the result may not be cached. */
  readonly maxAgeMs: number;
  /**
   * `private`: for the requesting client only. `public`: declared to be the same for every client. `unspecified`: nothing
   * was declared; shared among clients that send no credentials.
   */
  readonly scope: 'public' | 'private' | 'unspecified';
  /** What the result is invalidated by, where that was collected. */
  readonly collected?: TagCollector | undefined;
}

/** The policy of a result that may not be cached. */
export const NOT_CACHEABLE: CachePolicy = { maxAgeMs: 0, scope: 'private' };

/** The cache policy of one operation, as far as it is known before the operation runs. */
export interface OperationCachePolicy {
  /** The policy, where it does not depend on what subgraphs report; `undefined` where it does. */
  readonly fixed: CachePolicy | undefined;
  /** Returns the policy, given what the subgraphs reported; `undefined` where they reported nothing. */
  recorded(freshness: Freshness | undefined): CachePolicy;
}

/**
 * Computes the cache policy of an operation.
 * @param dependsOnClient whether policies treat clients differently
 */
export type ReadCachePolicy = (
  document: DocumentNode,
  operation: OperationDefinitionNode,
  dependsOnClient: boolean,
) => OperationCachePolicy;

const ALWAYS_NOT_CACHEABLE: OperationCachePolicy = { fixed: NOT_CACHEABLE, recorded: () => NOT_CACHEABLE };

/**
 * Returns a function that computes cache policies from the hints in the schema and from what subgraphs report.
 * @param reportsCacheControl subgraphs whose responses report how long they may be cached
 * @param mayBeCached whether responses of subgraphs come from a cache, so that each says how long it may still be cached
 */
export function cachePolicyReader(
  supergraph: Supergraph,
  reportsCacheControl: ReadonlySet<string>,
  mayBeCached = false,
): ReadCachePolicy {
  const hints = readHints(supergraph, new Map());
  const { publicSchema: schema, types } = supergraph;
  const hinted: HintedSchema = {
    schema,
    types,
    hints,
    reportsCacheControl: reportingFields(supergraph, reportsCacheControl),
  };
  return (document, operation, dependsOnClient) => {
    if (operation.operation !== 'query') return ALWAYS_NOT_CACHEABLE;
    const own = separateOperations(document)[operation.name?.value ?? ''] ?? document;
    return cachePolicyOf(matchHints(own, hinted), dependsOnClient, mayBeCached || reportsCacheControl.size > 0);
  };
}

function cachePolicyOf(met: MatchedHints, dependsOnClient: boolean, mayRecord: boolean): OperationCachePolicy {
  const isPrivate = met.privateField !== undefined;
  // some clients may not read it, and no hint makes it private
  if ((dependsOnClient || met.guardedField !== undefined) && !isPrivate) return ALWAYS_NOT_CACHEABLE;
  const maxAgeMs = met.maxAgeMs ?? (met.dependsOnSources ? Number.POSITIVE_INFINITY : 0);
  if (maxAgeMs === 0) return ALWAYS_NOT_CACHEABLE;
  const scope = isPrivate ? 'private' : met.isPublic && !met.dependsOnSources ? 'public' : 'unspecified';
  const declared: CachePolicy = { maxAgeMs, scope };
  const recorded = (freshness: Freshness | undefined) => withRecorded(declared, met.dependsOnSources, freshness);
  return { fixed: mayRecord ? undefined : declared, recorded };
}

function withRecorded(declared: CachePolicy, dependsOnSources: boolean, freshness: Freshness | undefined): CachePolicy {
  const isUnreported = freshness?.maxAgeMs === undefined || freshness.isPartial === true;
  if (freshness?.noStore || (dependsOnSources && isUnreported)) return NOT_CACHEABLE;
  if (freshness === undefined) return declared;
  const maxAgeMs = Math.min(declared.maxAgeMs, freshness.maxAgeMs ?? declared.maxAgeMs);
  return maxAgeMs === 0 ? NOT_CACHEABLE : { maxAgeMs, scope: freshness.isPrivate ? 'private' : declared.scope };
}

/** Returns a test of whether all subgraphs that resolve a field report cache control. */
function reportingFields(
  { subgraphs }: Supergraph,
  reportsCacheControl: ReadonlySet<string>,
): HintedSchema['reportsCacheControl'] {
  if (reportsCacheControl.size === 0) return undefined;
  return (type, field) => {
    const resolving = subgraphs.filter(({ types }) => types.get(type)?.fields.get(field)?.external === false);
    return resolving.length > 0 && resolving.every(({ name }) => reportsCacheControl.has(name));
  };
}
