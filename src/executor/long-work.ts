import { ClientDisconnected } from '../shared/client-disconnected.ts';
import { OverloadedError } from '../shared/overloaded-error.ts';
import { parseInSlices } from '../shared/parse-in-slices.ts';
import { TimeSlices, WorkStopped } from '../shared/time-slices.ts';
import type { SourceFailure, SubgraphResponse } from '../sources/source.ts';
import type { CompiledPlan, CompiledRequest } from './compile.ts';
import { CLIENT_DISCONNECTED } from './errors.ts';
import type { ExecutionInput } from './execution-input.ts';
import { writeEscapeFree } from './json-text.ts';
import type { ResponseObject } from './objects.ts';
import { NOT_JSON, type TextResponse } from './read-response.ts';
import { WriteContext, type WriteOptions } from './write-context.ts';
import { PAUSE, WritePauses } from './write-pauses.ts';

/** The parts of an execution that its result is written from. */
interface WritableExecution {
  readonly compiled: CompiledPlan;
  readonly input: Pick<ExecutionInput, 'client'>;
  readonly data: ResponseObject;
  readonly escapeFree: boolean;
}

/** What a response is parsed for. */
export type ParsingExecution = Pick<WritableExecution, 'compiled' | 'input'>;

/** Parses the text of a response in slices. Resolves with a failure where the work was stopped. */
export async function parseLong(
  { compiled, input }: ParsingExecution,
  { planned, hasDecimals }: CompiledRequest,
  response: TextResponse,
): Promise<SubgraphResponse> {
  const { kind, text, mayHaveLongNumbers, ...rest } = response;
  let result: unknown;
  try {
    const numbers = { anyForm: hasDecimals, mayHaveLong: mayHaveLongNumbers };
    result = await parseInSlices(text, slicesFor(compiled, input), numbers);
  } catch (error) {
    if (error instanceof WorkStopped) return { kind: 'failure', failure: stoppedFailure(planned.subgraph.name, error) };
    result = NOT_JSON;
  }
  return { ...rest, kind: 'parsed', result, size: text.length, madeFrom: response.madeFrom ?? response };
}

/**
 * Writes a result as `Projection.write` does, in slices. Returns the context with what was found. Rejects with `ClientDisconnected`, and
 * with `OverloadedError` where the heap is full.
 */
export async function writeInSlices(
  { compiled, input, data, escapeFree }: WritableExecution,
  options: WriteOptions,
): Promise<{ readonly text: string; readonly context: WriteContext }> {
  const pauses = new WritePauses(slicesFor(compiled, input));
  const context = new WriteContext({ ...options, pauses });
  for (;;) {
    try {
      return { text: writeEscapeFree(escapeFree, () => compiled.projection.write(data, context)), context };
    } catch (error) {
      if (error !== PAUSE) throw error;
    }
    await pauses.next().catch((error: unknown) => {
      throw error instanceof WorkStopped ? stoppedError(error) : error;
    });
  }
}

/** Returns the failure of a response for which there is no memory. */
export function noMemory(subgraph: string): SourceFailure {
  const message = `The response of the subgraph "${subgraph}" exceeds the memory that the gateway has left.`;
  return { code: 'OVERLOADED', message };
}

/** A mutation is never stopped: its result is reported in any case. */
function slicesFor({ plan }: CompiledPlan, { client }: Pick<ExecutionInput, 'client'>): TimeSlices {
  return plan.operation.kind === 'mutation' ? new TimeSlices(undefined, false) : new TimeSlices(client.signal);
}

function stoppedFailure(subgraph: string, { reason }: WorkStopped): SourceFailure {
  return reason === 'aborted' ? CLIENT_DISCONNECTED : { ...noMemory(subgraph), reason: 'heap is full' };
}

function stoppedError({ reason }: WorkStopped): Error {
  return reason === 'aborted' ? new ClientDisconnected() : new OverloadedError('further long responses');
}
