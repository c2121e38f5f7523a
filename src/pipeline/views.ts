import type { DocumentNode } from 'graphql';
import type { Steps } from '../shared/steps.ts';
import { supergraphForContract } from '../supergraph/contract.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';
import { cachePolicyReader, type ReadCachePolicy } from './cache-policy.ts';
import type { Dependencies } from './dependencies.ts';
import { DocumentCache } from './documents.ts';
import type { EngineOptions } from './engine.ts';
import { Introspector } from './introspection.ts';
import type { OverrideLabels } from './override-labels.ts';

/** A public schema with the documents that clients sent for it. */
export interface View {
  readonly supergraph: Supergraph;
  readonly documents: DocumentCache;
  readonly introspector: Introspector;
  /** `undefined` where results have no cache policy. */
  readonly readCachePolicy: ReadCachePolicy | undefined;
}

/**
 * Creates a view of the whole public schema and one for each contract.
 * @param reporting subgraphs that report how long their responses may be cached
 * @returns the views by contract name; the view of the whole public schema has the key `undefined`
 */
export function* createViews(
  options: EngineOptions,
  labels: OverrideLabels,
  dependencies: Dependencies,
  reporting: ReadonlySet<string> | undefined,
): Steps<ReadonlyMap<string | undefined, View>> {
  const { supergraph, contracts = [] } = options;
  const create = (shown: Supergraph) => createView(shown, options, labels, dependencies, reporting);
  const views = new Map<string | undefined, View>([[undefined, create(supergraph)]]);
  for (const contract of contracts) {
    views.set(contract.name, create(yield* supergraphForContract(supergraph, contract)));
  }
  return views;
}

function createView(
  supergraph: Supergraph,
  { introspection = true, maxTokens, limits, hideSuggestions, policies = [], cachedSubgraphs }: EngineOptions,
  labels: OverrideLabels,
  dependencies: Dependencies,
  reporting: ReadonlySet<string> | undefined,
): View {
  const labelsUsedBy = (document: DocumentNode) => labels.usedBy(document);
  const inspectPolicies = (document: DocumentNode, used: readonly string[]) => ({
    countsRequests: policies.some((policy) => policy.countsRequests?.(document, supergraph)),
    reads: dependencies.ofDocument(
      used,
      policies.flatMap((policy) => policy.readsOf?.(document, supergraph) ?? []),
    ),
  });
  return {
    supergraph,
    readCachePolicy: reporting && cachePolicyReader(supergraph, reporting, cachedSubgraphs !== undefined),
    introspector: new Introspector(supergraph.publicSchema),
    documents: new DocumentCache(supergraph.publicSchema, {
      ...{ introspection, maxTokens, limits, hideSuggestions, labelsUsedBy, inspectPolicies },
    }),
  };
}
