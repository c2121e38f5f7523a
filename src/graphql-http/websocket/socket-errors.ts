import type { IncomingHttpHeaders } from 'node:http';
import type { GraphQLFormattedError } from 'graphql';
import { areTooLarge } from './connection-headers.ts';

/** Returns the error of an operation for which a WebSocket has no room. */
export function tooManyOperations(most: number): GraphQLFormattedError {
  const message = `This WebSocket has ${most} operations, as many as websocket.max_operations allows.`;
  return error('SUBSCRIPTION_LIMIT_EXCEEDED', message);
}

/**
 * Returns the error of a ping whose new credentials cannot be checked.
 * @param given the names of their members
 * @param read their values, as headers
 */
export function pingMistake(
  given: readonly string[],
  read: IncomingHttpHeaders,
  { isReady, isRenewing }: { readonly isReady: boolean; readonly isRenewing: boolean },
): GraphQLFormattedError | undefined {
  if (!isReady)
    return error('UNAUTHENTICATED', 'The connection is not acknowledged yet. Send credentials in connection_init.');
  if (isRenewing)
    return error('TOO_MANY_REQUESTS', 'The credentials of another ping are being checked. Wait for its pong.');
  if (areTooLarge(read)) return error('BAD_REQUEST', 'The payload of the ping is larger than headers may be.');
  const unreadable = given.find((name) => read[name.toLowerCase()] === undefined);
  if (unreadable === undefined) return undefined;
  return error('BAD_REQUEST', `"${unreadable}" in the payload of the ping is no value of a header.`);
}

function error(code: string, message: string): GraphQLFormattedError {
  return { message, extensions: { code } };
}
