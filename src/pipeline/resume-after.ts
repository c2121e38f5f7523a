import { GatewayError } from '../shared/gateway-error.ts';
import type { ResumeAfter } from './engine.ts';
import type { GraphqlCall, OperationContext } from './operation-context.ts';

const MOST_CHARACTERS = 200;
const CURSOR = /^[\x21-\x7e]+$/;

/**
 * Returns where a client resumes its subscription: after `extensions.subscription.cursor` of its request, or `Last-Event-ID`, which
 * browsers send when they connect again. Throws `GatewayError` for a cursor that is no text.
 */
export function resumeAfter(
  { requestHeaders }: Pick<OperationContext, 'requestHeaders'>,
  { params }: Pick<GraphqlCall, 'params'>,
): ResumeAfter | undefined {
  const own = params.extensions?.subscription;
  const cursor = typeof own === 'object' && own !== null && 'cursor' in own ? own.cursor : undefined;
  if (cursor !== undefined && cursor !== null) {
    if (isCursor(cursor)) return { cursor, isRequired: true };
    const message = 'extensions.subscription.cursor is no cursor: expected the text that an event had.';
    throw new GatewayError(400, 'BAD_USER_INPUT', message);
  }
  const last = requestHeaders['last-event-id'];
  return isCursor(last) ? { cursor: last, isRequired: false } : undefined;
}

function isCursor(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MOST_CHARACTERS && CURSOR.test(value);
}
