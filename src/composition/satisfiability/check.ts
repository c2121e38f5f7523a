import type { DocumentNode } from 'graphql';
import { FieldIndex } from '../../planner/field-index.ts';
import type { EventUse } from '../../supergraph/events.ts';
import { readSupergraphModel, type SupergraphModel } from '../../supergraph/supergraph.ts';
import { Exploration, type Failure } from './explore.ts';
import { Moves } from './moves.ts';

/** All combinations of up to this many `@override` labels are checked; of more labels, only the extreme ones. */
const MAX_COMBINED_LABELS = 4;

/** A failure, and the moves that led to it. */
export interface Unsatisfiable extends Failure {
  readonly moves: Moves;
}

export interface Satisfiability {
  readonly failures: readonly Unsatisfiable[];
  /** How many states of objects were examined. */
  readonly work: number;
}

/**
 * Finds the fields of a supergraph that clients can select but that no subgraph can resolve there.
 *
 * In:  `reviews` returns `Product` with `upc`; `products`, which has `name`, looks products up by `id` only
 * Out: `Product.name` at `{ topReview { product { name } } }`
 *
 * @param events the fields whose values are messages of brokers; by default those that the supergraph names
 * @throws TooManyStates
 */
export function checkSatisfiability(supergraph: DocumentNode, events?: readonly EventUse[]): Satisfiability {
  const model = readSupergraphModel(supergraph, events);
  const failures = new Map<string, Unsatisfiable>();
  let work = 0;
  for (const labels of labelSets(model)) {
    const moves = new Moves(new FieldIndex(model, labels));
    const exploration = new Exploration(moves);
    const { query, mutation, subscription } = model.rootTypes;
    for (const root of [query, mutation, subscription]) {
      if (root !== undefined && model.types.has(root)) exploration.run({ state: moves.root(root), path: undefined });
    }
    for (const failure of exploration.failures) {
      const coordinate = `${failure.state.typeName}.${failure.field}`;
      if (!failures.has(coordinate)) failures.set(coordinate, { ...failure, moves });
    }
    work += exploration.work;
  }
  return { failures: [...failures.values()], work };
}

function labelSets({ subgraphs }: SupergraphModel): ReadonlySet<string>[] {
  const found = new Set<string>();
  for (const { types } of subgraphs)
    for (const { fields } of types.values())
      for (const { overrideLabel } of fields.values()) if (overrideLabel) found.add(overrideLabel.label);
  const labels = [...found];
  if (labels.length <= MAX_COMBINED_LABELS) {
    return Array.from(
      { length: 2 ** labels.length },
      (_, set) => new Set(labels.filter((_, index) => (set >> index) % 2 === 1)),
    );
  }
  const without = (label: string) => new Set(labels.filter((other) => other !== label));
  return [new Set(), found, ...labels.flatMap((label) => [new Set([label]), without(label)])];
}
