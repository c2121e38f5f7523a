import type { GraphQLFormattedError } from 'graphql';
import type { CompiledPlan } from './compile.ts';
import { openDelivery } from './delivery.ts';
import { EarlyResponses } from './early-responses.ts';
import { Execution } from './execution.ts';
import type { ExecutionInput, StreamedInput, UseResult } from './execution-input.ts';
import { OpenSlices } from './list-slices.ts';
import { Payload } from './payload.ts';
import { PayloadStream } from './payload-stream.ts';
import { slicesOf } from './slice-execution.ts';
import { SlicedObjects } from './sliced-objects.ts';

/**
 * Executes a compiled plan. Resolves when every request has completed or failed; never rejects because of a subgraph.
 * @param use makes the value of the promise, which saves one promise for each request
 */
export function executePlan<T = Payload>(
  compiled: CompiledPlan,
  input: ExecutionInput,
  use: UseResult<T> = toPayload,
): Promise<T> {
  return new Promise((resolve, reject) => {
    new Execution(compiled, input, (text, errors) => resolve(use(text, errors)), reject).begin();
  });
}

/**
 * Executes a plan with defer groups, compiled to be streamed. Resolves when the first payload is written, with the
 * stream that begins with it.
 */
export function streamPlan(compiled: CompiledPlan, input: StreamedInput): Promise<PayloadStream> {
  return new Promise((resolve, reject) => {
    const execution = new Execution(compiled, input, unused, reject);
    const { progress, targets } = execution;
    if (progress === undefined) throw new Error('a plan without defer groups cannot be streamed');
    const stream = new PayloadStream((idle) => {
      if (idle) delivery.expire?.(idle);
      execution.endStream();
    });
    const delivery = openDelivery(execution, input.deferGroups, progress, stream, () => resolve(stream));
    const { sharedReads } = compiled;
    execution.streamed = { stream, delivery, early: sharedReads && new EarlyResponses(sharedReads) };
    if (targets instanceof SlicedObjects)
      execution.slices = new OpenSlices(targets, slicesOf(execution, input), NOT_SENT);
    execution.begin();
  });
}

/** All requests are sent. */
const NOT_SENT: readonly number[] = [];

/** In place of the function that receives a single result. */
const unused = () => {};

const toPayload = <T>(text: string, errors: readonly GraphQLFormattedError[]) => new Payload(text, errors) as T;
