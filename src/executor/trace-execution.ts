import type { DebugTrace } from '../shared/debug-trace.ts';
import type { FetchTrace } from '../shared/fetch-trace.ts';
import type { CompiledRequest } from './compile.ts';
import type { ExecutionInput } from './execution-input.ts';
import { explainNulls } from './explain-nulls.ts';
import type { GatheredEntities } from './gather-entities.ts';
import type { ExecutedPlan } from './null-causes.ts';
import { countEntities } from './split-entities.ts';

/** Begins the trace of a fetch. */
export function traceFetch(debug: DebugTrace, request: CompiledRequest, sent: readonly GatheredEntities[]): FetchTrace {
  const { planned } = request;
  const { id, subgraph, operationType, name } = planned;
  const start = { request: id, subgraph: subgraph.name, operationType, operationName: name };
  return debug.beginFetch({ ...start, representations: countEntities(sent) }, [
    request,
    ...sent.map(({ slots }) => slots),
  ]);
}

/** Explains the nulls of a complete execution in its debug trace, if it has one. */
export function traceNulls(
  execution: ExecutedPlan & { readonly input: ExecutionInput },
  isLate: (group: number) => boolean,
): void {
  const { client, knownErrors, deferGroups } = execution.input;
  const { debug } = client;
  if (debug === undefined) return;
  const numberOf = (part: object) => debug.numberOf(part);
  debug.setNulls(explainNulls(execution, { numberOf, knownErrors, deferGroups, isLate }));
}
