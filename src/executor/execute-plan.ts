import type { GraphQLFormattedError } from 'graphql';
import type { CompiledPlan } from './compile.ts';
import { Execution, type UseResult } from './execution.ts';
import type { ExecutionInput, StreamedInput } from './execution-input.ts';
import { Payload } from './payload.ts';
import type { PayloadStream } from './payload-stream.ts';

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
    new Execution(compiled, input, unused, reject).stream(input.deferGroups, resolve);
  });
}

/** In place of the function that receives a single result. */
const unused = () => {};

const toPayload = <T>(text: string, errors: readonly GraphQLFormattedError[]) => new Payload(text, errors) as T;
