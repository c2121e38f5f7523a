import type { GraphQLFormattedError } from 'graphql';
import type { TimedSections } from '../operation/timed-sections.ts';
import type { ClientContext, Source } from '../sources/source.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';
import type { AdmissionQueue } from './admission-queue.ts';
import type { MemoryBudget } from './memory-budget.ts';

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
  /** How long the rest waits for the sections of the plan; where it is missing, until they are there. */
  readonly sections?: TimedSections | undefined;
  /** Where long answers wait until there is memory for them; without it, none waits. */
  readonly budget?: MemoryBudget | undefined;
  /** Where heavy runs wait until others are done; without it, all begin at once. */
  readonly admissionQueue?: AdmissionQueue | undefined;
}
