import type { OperationDefinitionNode } from 'graphql';
import { Kind } from 'graphql';
import { ANYTHING, type DependsOn, NOTHING, type Reads, uniteReads, withReads } from '../client/depends-on.ts';
import type { QueryPlan } from '../planner/plan.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';
import type { ClientDocument } from './documents.ts';
import type { EngineOptions } from './engine.ts';

/** Computes what operations on one supergraph depend on. */
export class Dependencies {
  private readonly ofSource: (subgraph: string) => Reads;
  private readonly ofLabels: (labels: readonly string[]) => Reads;
  /** The record of an operation that reaches no source. */
  private readonly ofNoSource: DependsOn;
  /** The record of an operation that may reach every source. */
  private readonly ofAllSources: DependsOn;

  /** @param given what sources and labels read; anything where it is missing */
  constructor({ subgraphs }: Supergraph, given: EngineOptions['requestReads']) {
    this.ofSource = given?.ofSource ?? (() => ANYTHING);
    this.ofLabels = given?.ofLabels ?? (() => ANYTHING);
    const nothing = given ? { ...NOTHING, credentials: given.credentials } : NOTHING;
    this.ofNoSource = withReads(nothing, given?.ofPlugins ?? NOTHING);
    this.ofAllSources = withReads(this.ofNoSource, uniteReads(subgraphs.map(({ name }) => this.ofSource(name))));
  }

  /**
   * Returns what is read for a document before its operations are planned.
   * @param labels labels of progressive `@override` that it can reach
   * @param policies what policies read
   */
  ofDocument(labels: readonly string[], policies: readonly Reads[]): Reads {
    const parts = labels.length === 0 ? policies : [...policies, this.ofLabels(labels)];
    return parts.length === 0 ? NOTHING : uniteReads(parts);
  }

  /** Returns the record of a document that cannot run: its errors depend on its text. */
  get ofRefusal(): DependsOn {
    return this.ofNoSource;
  }

  /** Returns a record for every operation of a document, whatever its plan. */
  ofAnyPlan({ reads }: ClientDocument): DependsOn {
    return withReads(this.ofAllSources, reads);
  }

  /** Returns the record of an operation with this plan. */
  ofPlan({ requests }: QueryPlan, reads: Reads): DependsOn {
    const names = new Set(requests.map(({ subgraph }) => subgraph.name));
    const sources = [...names].map((name) => this.ofSource(name)).filter((read) => read !== NOTHING);
    return withReads(sources.length === 0 ? this.ofNoSource : withReads(this.ofNoSource, uniteReads(sources)), reads);
  }
}

/** Whether the plan of a request depends on more than the document, its conditions and its labels: a policy may drop fields. */
export function mayDropFields({ countsRequests, reads }: ClientDocument): boolean {
  return countsRequests || reads.isGuarded;
}

/**
 * Returns the values of condition variables as they will be coerced.
 * @param given variables as they came
 * @returns `undefined` where a value is not valid
 */
export function conditionValues(
  names: readonly string[],
  { variableDefinitions = [] }: OperationDefinitionNode,
  given: Readonly<Record<string, unknown>> | null | undefined,
): Readonly<Record<string, boolean>> | undefined {
  const values: Record<string, boolean> = Object.create(null);
  for (const name of names) {
    const definition = variableDefinitions.find(({ variable }) => variable.name.value === name);
    if (definition === undefined) continue;
    const { defaultValue } = definition;
    const byDefault = defaultValue?.kind === Kind.BOOLEAN ? defaultValue.value : undefined;
    const value = given && Object.hasOwn(given, name) ? given[name] : byDefault;
    if (typeof value !== 'boolean') return undefined;
    values[name] = value;
  }
  return values;
}
