import { parseAccept } from '../client/media-type.ts';
import type { SubscriptionMessage } from '../pipeline/subscriber.ts';
import { multipartFormat } from './writers/multipart.ts';
import { SERVER_SENT_EVENTS } from './writers/server-sent-events.ts';
import { INTERRUPTED, type StreamFormat, type StreamItem } from './writers/streamed-response.ts';

/** A form in which a client receives the events of a subscription over HTTP. */
export interface SubscriptionFormat {
  readonly format: StreamFormat;
  /** Returns the text for a message: a GraphQL result, or what the format puts around it. */
  readonly write: (message: SubscriptionMessage) => string;
  /** What ends the events of a client that can get the rest elsewhere: the gateway stops. */
  readonly interruption: StreamItem;
}

/** The cursor is another field of the event, below its data. Browsers send the last one when they connect again. */
const EVENTS: SubscriptionFormat = {
  format: SERVER_SENT_EVENTS,
  write: ({ text, cursor }) => (cursor === undefined ? text : `${text}\nid: ${cursor}`),
  interruption: INTERRUPTED,
};

const SHUTDOWN = [
  { message: 'The gateway is shutting down. Subscribe again.', extensions: { code: 'SERVICE_UNAVAILABLE' } },
];

/**
 * The format of Apollo: results are in `payload`, and an error of the gateway that ends the subscription is beside it.
 * @see https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol
 */
const MULTIPART: SubscriptionFormat = {
  format: multipartFormat('subscriptionSpec=1.0'),
  write: ({ text, errors, isOfResult }) =>
    errors === undefined || isOfResult ? `{"payload":${text}}` : `{"payload":null,"errors":${JSON.stringify(errors)}}`,
  interruption: `{"payload":null,"errors":${JSON.stringify(SHUTDOWN)}}`,
};

/** The media types of events, as a client accepts them. */
export const SUBSCRIPTION_TYPES: readonly string[] = ['text/event-stream', 'multipart/mixed;subscriptionSpec=1.0'];

/** As for other media types: a bound protects against clients that invent new values. */
const CACHE_SIZE = 64;
const cache = new Map<string, SubscriptionFormat | undefined>();

/** Returns the format of subscriptions that an `accept` header names, the preferred one of several; `undefined` if it names none. */
export function subscriptionFormat(accept: string | undefined): SubscriptionFormat | undefined {
  if (accept === undefined || !(accept.includes('event-stream') || accept.includes('multipart/'))) return undefined;
  if (cache.has(accept)) return cache.get(accept);
  const format = choose(accept);
  if (cache.size < CACHE_SIZE) cache.set(accept, format);
  return format;
}

function choose(accept: string): SubscriptionFormat | undefined {
  let best: { readonly format: SubscriptionFormat; readonly quality: number } | undefined;
  for (const { essence, parameters, quality } of parseAccept(accept)) {
    const isMultipart =
      essence === 'multipart/mixed' &&
      parameters.some(([name, value]) => name === 'subscriptionspec' && value === '1.0');
    if (quality <= 0 || !(isMultipart || essence === 'text/event-stream')) continue;
    if (best === undefined || quality > best.quality) best = { format: isMultipart ? MULTIPART : EVENTS, quality };
  }
  return best?.format;
}
