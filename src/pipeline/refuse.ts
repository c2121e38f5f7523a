import type { GraphQLFormattedError, OperationDefinitionNode } from 'graphql';
import { chooseOperation } from './documents.ts';
import type { ReadDocument } from './engine.ts';
import { type Refusal, SingleResult } from './execution-result.ts';
import type { GraphqlCall } from './operation-context.ts';

/** Returns the result of an operation that does not run. */
export function refuse(refusal: Refusal, errors: readonly GraphQLFormattedError[]): SingleResult {
  return new SingleResult(undefined, errors, { refusal });
}

/**
 * Returns the refusal of an operation whose type is not supported here; `undefined` if it is.
 * @param mayStream whether the client can receive the events of a subscription
 * @param noSubscriptions why no client can
 */
export function refuseKind(
  operation: OperationDefinitionNode,
  readOnly: boolean,
  mayStream = false,
  noSubscriptions?: string,
): SingleResult | undefined {
  const extensions = { code: 'GRAPHQL_VALIDATION_FAILED' };
  if (operation.operation === 'subscription' && !mayStream)
    return refuse('operation', [{ message: noSubscriptions ?? SINGLE_RESPONSE, extensions }]);
  if (readOnly && operation.operation === 'mutation') {
    return refuse('method', [{ message: 'A mutation cannot be sent with GET. Send it with POST.', extensions }]);
  }
  return undefined;
}

const SINGLE_RESPONSE =
  'Subscriptions cannot be executed over a single response. Use a WebSocket (graphql-transport-ws), or accept ' +
  'text/event-stream or multipart/mixed;subscriptionSpec=1.0.';

/** Returns whether an operation of a document can be executed: it is chosen, and of a supported type. */
export function isExecutable(document: ReadDocument, { params: { operationName }, readOnly }: GraphqlCall): boolean {
  if ('refusal' in document) return false;
  const operation = chooseOperation(document.document, operationName);
  return 'kind' in operation && refuseKind(operation, readOnly) === undefined;
}
