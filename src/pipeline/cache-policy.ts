import type { DocumentNode, OperationDefinitionNode } from 'graphql';
import { separateOperations } from 'graphql';
import type { Freshness } from '../client/freshness.ts';
import { readHints } from '../operation/cache-hints.ts';
import { type HintedSchema, type HintsMet, hintsMetBy } from '../operation/hints-met.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';

/** How long an answer may be kept, and for whom. */
export interface CachePolicy {
  /** 0 where nobody may keep it. */
  readonly maxAgeMs: number;
  /**
   * `private`: for the one client that asked. `public`: declared to be the same for everyone. `unspecified`: not declared; the same
   * for all clients who say nothing of who they are.
   */
  readonly scope: 'public' | 'private' | 'unspecified';
}

/** Nobody may keep it. */
export const NOT_KEPT: CachePolicy = { maxAgeMs: 0, scope: 'private' };

/** How long the answers to one operation may be kept, as far as that is known before it runs. */
export interface OperationCachePolicy {
  /** What it comes to where the sources need not be heard. */
  readonly fixed: CachePolicy | undefined;
  /** What it comes to with what the sources say; `undefined` where they say nothing. */
  recorded(freshness: Freshness | undefined): CachePolicy;
}

/** @param dependsOnClient whether the policies answer clients differently */
export type ReadCachePolicy = (
  document: DocumentNode,
  operation: OperationDefinitionNode,
  dependsOnClient: boolean,
) => OperationCachePolicy;

const FIXED_NOT_KEPT: OperationCachePolicy = { fixed: NOT_KEPT, recorded: () => NOT_KEPT };

/**
 * Tells how long answers hold by the hints of the schema, and by what sources say with each answer.
 * @param speaking subgraphs whose answers say how long they hold
 */
export function cachePolicyReader(supergraph: Supergraph, reportsCacheControl: ReadonlySet<string>): ReadCachePolicy {
  const hints = readHints(supergraph, new Map());
  const { publicSchema: schema, types } = supergraph;
  const hinted: HintedSchema = { schema, types, hints, speaks: reportingFields(supergraph, reportsCacheControl) };
  return (document, operation, dependsOnClient) => {
    if (operation.operation !== 'query') return FIXED_NOT_KEPT;
    const own = separateOperations(document)[operation.name?.value ?? ''] ?? document;
    return cachePolicyOf(hintsMetBy(own, hinted), dependsOnClient, reportsCacheControl.size > 0);
  };
}

function cachePolicyOf(met: HintsMet, dependsOnClient: boolean, mayRecord: boolean): OperationCachePolicy {
  const isPrivate = met.privateField !== undefined;
  // what only some may read, and nobody said that it is for one alone
  if ((dependsOnClient || met.guardedField !== undefined) && !isPrivate) return FIXED_NOT_KEPT;
  const maxAgeMs = met.maxAgeMs ?? (met.leftToSources ? Number.POSITIVE_INFINITY : 0);
  if (maxAgeMs === 0) return FIXED_NOT_KEPT;
  const scope = isPrivate ? 'private' : met.isPublic && !met.leftToSources ? 'public' : 'unspecified';
  const said: CachePolicy = { maxAgeMs, scope };
  const recorded = (freshness: Freshness | undefined) => withRecorded(said, met.leftToSources, freshness);
  return { fixed: mayRecord ? undefined : said, recorded };
}

function withRecorded(said: CachePolicy, leftToSources: boolean, freshness: Freshness | undefined): CachePolicy {
  const isUnsaid = freshness?.maxAgeMs === undefined || freshness.isPartial === true;
  if (freshness?.noStore || (leftToSources && isUnsaid)) return NOT_KEPT;
  if (freshness === undefined) return said;
  const maxAgeMs = Math.min(said.maxAgeMs, freshness.maxAgeMs ?? said.maxAgeMs);
  return maxAgeMs === 0 ? NOT_KEPT : { maxAgeMs, scope: freshness.isPrivate ? 'private' : said.scope };
}

/** Whether all subgraphs that answer a field are among the speaking ones. */
function reportingFields({ subgraphs }: Supergraph, reportsCacheControl: ReadonlySet<string>): HintedSchema['speaks'] {
  if (reportsCacheControl.size === 0) return undefined;
  return (type, field) => {
    const responding = subgraphs.filter(({ types }) => types.get(type)?.fields.get(field)?.external === false);
    return responding.length > 0 && responding.every(({ name }) => reportsCacheControl.has(name));
  };
}
