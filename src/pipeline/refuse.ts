import type { GraphQLFormattedError, OperationDefinitionNode } from 'graphql';
import { type Refusal, SingleResult } from './execution-result.ts';

/** Returns the result of an operation that does not run. */
export function refuse(refusal: Refusal, errors: readonly GraphQLFormattedError[]): SingleResult {
  return new SingleResult(undefined, errors, { refusal });
}

/** Returns the refusal of an operation whose type is not supported here; `undefined` if it is. */
export function refuseKind(operation: OperationDefinitionNode, readOnly: boolean): SingleResult | undefined {
  const extensions = { code: 'GRAPHQL_VALIDATION_FAILED' };
  if (operation.operation === 'subscription') {
    return refuse('operation', [{ message: 'Subscriptions cannot be executed over a single response.', extensions }]);
  }
  if (readOnly && operation.operation === 'mutation') {
    return refuse('method', [{ message: 'A mutation cannot be sent with GET. Send it with POST.', extensions }]);
  }
  return undefined;
}
