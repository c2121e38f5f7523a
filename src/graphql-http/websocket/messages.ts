import type { GraphQLFormattedError } from 'graphql';
import type { SubscriptionMessage } from '../../pipeline/subscriber.ts';
import { excessOfJson } from '../../policy/limits/json-text.ts';
import { parseJson, stringifyJson } from '../../shared/exact-json.ts';
import { isRecord } from '../graphql-over-http.ts';

/**
 * The messages of the WebSocket subprotocols of GraphQL, as a server receives and sends them: `graphql-transport-ws`, and the older
 * `graphql-ws` of subscriptions-transport-ws.
 *
 * @see https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
 * @see https://github.com/apollographql/subscriptions-transport-ws/blob/master/PROTOCOL.md
 */
export const SUBPROTOCOLS = ['graphql-transport-ws', 'graphql-ws'] as const;
export type Subprotocol = (typeof SUBPROTOCOLS)[number];

/** A message of a client, the same for both subprotocols. */
export type ClientMessage =
  | { readonly type: 'init'; readonly payload: Readonly<Record<string, unknown>> }
  | { readonly type: 'pong' | 'terminate' }
  | { readonly type: 'ping'; readonly payload: Readonly<Record<string, unknown>> | undefined }
  /** `body`: the body of a GraphQL request over HTTP. */
  | { readonly type: 'subscribe'; readonly id: string; readonly body: string }
  | { readonly type: 'complete'; readonly id: string };

const MAX_NESTING = 100_000;
/** An id is in each message of its operation. */
const MAX_ID = 1_000;

/** Reads a message; returns what is wrong, in a few words, for a text that is none. */
export function readClientMessage(text: string): ClientMessage | string {
  if (excessOfJson(text, MAX_NESTING) !== undefined) return 'The message is nested too deeply, or too large.';
  let message: unknown;
  try {
    message = parseJson(text);
  } catch {
    return 'The message is not JSON.';
  }
  if (!isRecord(message)) return 'The message is no object.';
  const { type, id, payload } = message;
  switch (type) {
    case 'connection_init':
      return { type: 'init', payload: isRecord(payload) ? payload : {} };
    case 'ping':
      return { type, payload: isRecord(payload) ? payload : undefined };
    case 'pong':
      return { type };
    case 'connection_terminate':
      return { type: 'terminate' };
    default:
  }
  if (typeof id !== 'string' || id === '') return 'The message has no "id", or an unknown "type".';
  if (id.length > MAX_ID) return `The "id" has more than ${MAX_ID} characters.`;
  if (type === 'complete' || type === 'stop') return { type: 'complete', id };
  if (type !== 'subscribe' && type !== 'start') return 'The message has an unknown "type".';
  if (!isRecord(payload)) return 'The message has no "payload".';
  return { type: 'subscribe', id, body: stringifyJson(payload) ?? '{}' };
}

export const ACK = '{"type":"connection_ack"}';

/** Returns the message of the older subprotocol that says why a connection is refused; it is closed then. */
export function connectionErrorMessage(error: GraphQLFormattedError): string {
  return `{"type":"connection_error","payload":${stringifyJson(error)}}`;
}

/** @param payload that of the ping, or `errors` where its credentials were not accepted */
export function pongMessage(payload: Readonly<Record<string, unknown>> | undefined): string {
  return payload === undefined ? '{"type":"pong"}' : `{"type":"pong","payload":${stringifyJson(payload)}}`;
}

/** @param result JSON text */
export function nextMessage(subprotocol: Subprotocol, id: string, result: string): string {
  return `{"id":${JSON.stringify(id)},"type":"${subprotocol === 'graphql-ws' ? 'data' : 'next'}","payload":${result}}`;
}

export function completeMessage(id: string): string {
  return `{"id":${JSON.stringify(id)},"type":"complete"}`;
}

/** Returns the message that ends an operation with errors. The older subprotocol has only one. */
export function errorMessage(subprotocol: Subprotocol, id: string, errors: readonly GraphQLFormattedError[]): string {
  const payload = stringifyJson(subprotocol === 'graphql-ws' ? errors[0] : errors);
  return `{"id":${JSON.stringify(id)},"type":"error","payload":${payload}}`;
}

/**
 * Returns the messages for an event, or for the errors that end a subscription. In the older subprotocol, `error` is for operations that
 * were not executed, so that the errors of a subgraph are a result, before the end.
 */
export function eventMessages(
  subprotocol: Subprotocol,
  id: string,
  { text, errors, isOfResult }: Pick<SubscriptionMessage, 'text' | 'errors' | 'isOfResult'>,
): readonly string[] {
  if (errors === undefined) return [nextMessage(subprotocol, id, text)];
  if (isOfResult && subprotocol === 'graphql-ws') return [nextMessage(subprotocol, id, text), completeMessage(id)];
  return [errorMessage(subprotocol, id, errors)];
}

/** Returns the value of a JSON text; `undefined` where it is none. */
export function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** Returns the errors of a response in JSON. */
export function errorsOf(text: string): readonly GraphQLFormattedError[] {
  const result = parsed(text);
  if (isRecord(result) && Array.isArray(result.errors) && result.errors.length > 0) return result.errors;
  return [{ message: 'Internal server error', extensions: { code: 'INTERNAL_SERVER_ERROR' } }];
}
