import { parseJson, stringifyJson } from '../../shared/exact-json.ts';

/**
 * The messages of the WebSocket subprotocols of GraphQL, as a client sends and receives them: `graphql-transport-ws`, and the
 * older `graphql-ws` of subscriptions-transport-ws.
 *
 * @see https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
 * @see https://github.com/apollographql/subscriptions-transport-ws/blob/master/PROTOCOL.md
 */
export type Subprotocol = 'graphql-transport-ws' | 'graphql-ws';

/** A message of a server, the same for both subprotocols. */
export type ServerMessage =
  | { readonly type: 'ack' | 'ping' | 'ignored' }
  /** `result`: JSON text. */
  | { readonly type: 'next'; readonly id: string; readonly result: string }
  /** `errors`: JSON text of a list. */
  | { readonly type: 'error'; readonly id: string; readonly errors: string }
  | { readonly type: 'complete'; readonly id: string }
  /** The server refuses the connection. */
  | { readonly type: 'refused'; readonly reason: string };

/** Returns the first message of a connection. */
export function initMessage(payload: Readonly<Record<string, string>> | undefined): string {
  return JSON.stringify({ type: 'connection_init', payload });
}

/** @param body JSON text: `{"query":…}` */
export function subscribeMessage(subprotocol: Subprotocol, id: string, body: string): string {
  const type = subprotocol === 'graphql-ws' ? 'start' : 'subscribe';
  return `{"id":"${id}","type":"${type}","payload":${body}}`;
}

export function cancelMessage(subprotocol: Subprotocol, id: string): string {
  return `{"id":"${id}","type":"${subprotocol === 'graphql-ws' ? 'stop' : 'complete'}"}`;
}

export const PONG = '{"type":"pong"}';

/** Reads a message; `undefined` for a text that is none. Numbers keep their digits. */
export function readServerMessage(text: string): ServerMessage | undefined {
  let message: unknown;
  try {
    message = parseJson(text);
  } catch {
    return undefined;
  }
  if (typeof message !== 'object' || message === null) return undefined;
  const { type, id, payload } = message as {
    readonly type?: unknown;
    readonly id?: unknown;
    readonly payload?: unknown;
  };
  switch (type) {
    case 'connection_ack':
      return { type: 'ack' };
    case 'ping':
      return { type: 'ping' };
    case 'pong':
    case 'ka':
      return { type: 'ignored' };
    case 'connection_error':
      return { type: 'refused', reason: messageIn(payload) ?? 'connection_error' };
  }
  if (typeof id !== 'string') return undefined;
  if (type === 'complete') return { type, id };
  if (type === 'next' || type === 'data') return { type: 'next', id, result: stringifyJson(payload) ?? 'null' };
  if (type === 'error') return { type, id, errors: stringifyJson(Array.isArray(payload) ? payload : [payload]) };
  return undefined;
}

function messageIn(payload: unknown): string | undefined {
  const message = (payload as { readonly message?: unknown } | null | undefined)?.message;
  return typeof message === 'string' ? message : undefined;
}
