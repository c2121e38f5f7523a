import type { GraphQLFormattedError } from 'graphql';
import type { TimedSections } from '../operation/timed-sections.ts';
import type { ClientContext, Source } from '../sources/source.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';
import type { AdmissionQueue } from './admission-queue.ts';
import type { MemoryBudget } from './memory-budget.ts';

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
  /** How long the rest waits for the sections of the plan; where it is missing, it waits until they are complete. */
  readonly sections?: TimedSections | undefined;
  /** Where long responses wait for memory; where it is missing, none waits. */
  readonly budget?: MemoryBudget | undefined;
  /** Where heavy executions wait for others to end; where it is missing, all start at once. */
  readonly admissionQueue?: AdmissionQueue | undefined;
}
