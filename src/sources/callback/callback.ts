import { parseJson, stringifyJson } from '../../shared/exact-json.ts';

/**
 * A callback: what a subgraph reports of one subscription. Texts are JSON.
 * @see https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/callback-protocol
 */
export interface Callback {
  readonly id: string;
  /** The secret that the subgraph has got with the subscription. */
  readonly verifier: string;
  readonly action: 'check' | 'next' | 'complete';
  /** The GraphQL result of an event. */
  readonly payload?: string | undefined;
  /** The list of errors with which the subscription ends. */
  readonly errors?: string | undefined;
}

/**
 * How a callback is answered: 204 and 202 (the end), when it was accepted; 400 for a wrong verifier; 404 for a subscription that is not
 * there, or not any more; 503 when that cannot be found out now.
 */
export type CallbackStatus = 202 | 204 | 400 | 404 | 503;

/** Reads the body of a callback. Returns what is wrong with it, as a sentence, where it is none. */
export function readCallback(text: string): Callback | string {
  let body: unknown;
  try {
    body = parseJson(text);
  } catch {
    return 'The body is not JSON.';
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return 'The body is not a JSON object.';
  const { kind, action, id, verifier, payload, errors } = body as Readonly<Record<string, unknown>>;
  if (kind !== 'subscription') return '"kind" must be "subscription".';
  if (typeof id !== 'string') return '"id" must be the id of a subscription.';
  if (typeof verifier !== 'string') return '"verifier" must be that of the subscription.';
  if (action === 'check' || action === 'heartbeat') return { id, verifier, action: 'check' };
  if (action === 'next') {
    if (typeof payload !== 'object' || payload === null || Array.isArray(payload))
      return '"payload" must be a GraphQL result.';
    return { id, verifier, action, payload: stringifyJson(payload) };
  }
  if (action !== 'complete') return '"action" must be "check", "next" or "complete".';
  if (errors === undefined || errors === null) return { id, verifier, action };
  return Array.isArray(errors)
    ? { id, verifier, action, errors: stringifyJson(errors) }
    : '"errors" must be a list of errors.';
}
