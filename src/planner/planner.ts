import type { DeferredFields } from '../operation/defer-groups.ts';
import type { Operation } from '../operation/operation.ts';
import { runToEnd, type Steps } from '../shared/steps.ts';
import { FetchGraph } from './fetch-graph.ts';
import type { FieldIndex } from './field-index.ts';
import type { QueryPlan } from './plan.ts';
import { writeRequests } from './requests.ts';
import { type Batch, schedule } from './schedule.ts';
import { Selector } from './select.ts';
import { splitDeferredFetches } from './split-deferred-fetches.ts';

/** The results of all stages of planning. */
export interface PlanStages {
  readonly operation: Operation;
  readonly fetches: FetchGraph;
  readonly batches: readonly Batch[];
  readonly plan: QueryPlan;
}

/** Plans an operation: which subgraph resolves what, in which order. */
export function planOperation(operation: Operation, fieldIndex: FieldIndex): QueryPlan {
  return planInStages(operation, fieldIndex).plan;
}

/** Plans an operation and returns the result of every stage. */
export function planInStages(operation: Operation, fieldIndex: FieldIndex, deferred?: DeferredFields): PlanStages {
  return runToEnd(planInSteps(operation, fieldIndex, deferred));
}

/**
 * Runs the stages of planning one after the other. What each subgraph can resolve ({@link FieldIndex}) is known
 * before; the file of each stage describes its input and output.
 *
 * @param deferred fields that the rest does not wait for
 */
export function* planInSteps(
  operation: Operation,
  fieldIndex: FieldIndex,
  deferred?: DeferredFields,
): Steps<PlanStages> {
  const fetches = yield* selectFetches(operation, fieldIndex, deferred);
  const batches = schedule(deferred ? splitDeferredFetches(fetches, operation, deferred) : fetches.fetches);
  yield;
  const requests = yield* writeRequests(batches, operation, fieldIndex);
  const { selection } = operation;
  const plan = { operation, selection, root: fetches.root, positionCount: fetches.positionCount, requests, deferred };
  return { operation, fetches, batches, plan };
}

function* selectFetches(
  operation: Operation,
  fieldIndex: FieldIndex,
  deferred: DeferredFields = new Map(),
): Steps<FetchGraph> {
  const graph = new FetchGraph(fieldIndex, operation.selection.parentType);
  const selector = new Selector(graph, deferred, operation.fragmentSets);
  const { selection } = operation;
  // each root field of them comes from one subgraph
  if (operation.kind !== 'query') yield* selector.selectMutation(selection);
  else yield* selector.selectInSteps([{ position: graph.root, selection }]);
  return graph;
}
