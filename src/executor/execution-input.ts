import type { GraphQLFormattedError } from 'graphql';
import type { DeferGroups } from '../operation/defer-groups.ts';
import type { ClientContext, ResponseObserver, Source } from '../sources/source.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';
import type { AdmissionQueue } from './admission-queue.ts';
import type { MemoryBudget } from './memory-budget.ts';

/** Receives the text of `data` and the errors of a single result. */
export type UseResult<T> = (dataText: string, errors: readonly GraphQLFormattedError[]) => T;

/** Everything that one execution of a plan needs. */
export interface ExecutionInput {
  readonly supergraph: Supergraph;
  readonly sources: ReadonlyMap<string, Source>;
  readonly client: ClientContext;
  /** Coerced variable values. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** JSON texts of introspection fields, by response key. */
  readonly introspected: ReadonlyMap<string, string>;
  /** Errors of fields that are not fetched. */
  readonly knownErrors?: readonly GraphQLFormattedError[] | undefined;
  /** See `EngineRequest`. */
  readonly reportEveryPlace?: boolean | undefined;
  /** How long the rest waits for the defer groups of the plan; where it is missing, until they are complete. */
  readonly deferGroups?: DeferGroups | undefined;
  /** Where long responses wait for memory; where it is missing, none waits. */
  readonly budget?: MemoryBudget | undefined;
  /** Where heavy executions wait for others to end; where it is missing, all start at once. */
  readonly admissionQueue?: AdmissionQueue | undefined;
  /** The subgraphs whose responses are cached: their fetches have `parts`. None by default. */
  readonly cachedSubgraphs?: ReadonlySet<string> | undefined;
  /** See `EngineOptions`. */
  readonly smallestSlice?: number | undefined;
  /** Receives the problems of responses. */
  readonly responseObserver?: ResponseObserver | undefined;
}

/** The input of an execution whose defer groups are delivered after the rest. */
export interface StreamedInput extends ExecutionInput {
  readonly deferGroups: DeferGroups;
}
