import { OverloadedError } from '../shared/overloaded-error.ts';
import { doWhenTime } from '../shared/turns.ts';
import type { SubgraphResponse } from '../sources/source.ts';
import type { CompiledRequest } from './compile.ts';
import { DISCONNECTED } from './errors.ts';
import type { ExecutionMemory } from './execution-memory.ts';
import { forgetObjects, type GatheredEntities } from './gather-entities.ts';
import { noMemory, type ParsingExecution, parseLong } from './long-work.ts';
import { SLICED_TEXT, type TextResponse, TIMED_TEXT } from './read-response.ts';

/** What long responses are for. */
interface LongResponseExecution extends ParsingExecution {
  readonly finished: boolean;
  readonly memory: ExecutionMemory | undefined;
  attempt(step: () => void): void;
  fail(error: unknown): void;
  settle(request: CompiledRequest, sent: readonly GatheredEntities[], response: SubgraphResponse): void;
}

/** Settles a long response as soon as there is memory for it. */
export function receiveLong(
  execution: LongResponseExecution,
  request: CompiledRequest,
  sent: readonly GatheredEntities[],
  response: TextResponse,
): void {
  if (!hasToWait(execution, request, sent, response)) settleLong(execution, request, sent, response);
}

/** Returns whether the response waits for memory; `false` where it is merged now. */
function hasToWait(
  execution: LongResponseExecution,
  request: CompiledRequest,
  sent: readonly GatheredEntities[],
  response: TextResponse,
): boolean {
  try {
    const goOn = (disconnected: boolean) =>
      execution.attempt(() => {
        if (execution.finished) forgetObjects(sent);
        else if (disconnected) execution.settle(request, sent, DISCONNECTED);
        else settleLong(execution, request, sent, response);
      });
    return execution.memory?.waitsFor(response.text.length, goOn) === true;
  } catch (error) {
    const { groups, subgraph } = request.planned;
    // a defer group without memory is left out; the rest of the result does not need it
    if (!(error instanceof OverloadedError) || groups === undefined) throw error;
    execution.settle(request, sent, { kind: 'failure', failure: noMemory(subgraph.name) });
    return true;
  }
}

/** Settles a response for which there is memory: a long one when there is time, a very long one after it was parsed in slices. */
function settleLong(
  execution: LongResponseExecution,
  request: CompiledRequest,
  sent: readonly GatheredEntities[],
  response: TextResponse,
): void {
  const { length } = response.text;
  const settle = (last: SubgraphResponse) =>
    execution.attempt(() => (execution.finished ? forgetObjects(sent) : execution.settle(request, sent, last)));
  if (length >= SLICED_TEXT)
    parseLong(execution, request, response).then(settle, (error: unknown) => execution.fail(error));
  else if (length >= TIMED_TEXT) doWhenTime(() => settle(response));
  else execution.settle(request, sent, response);
}
