import type { FieldNode } from 'graphql';
import { stringifyJson } from '../../shared/exact-json.ts';
import { renderTopic } from '../../supergraph/event-topic.ts';
import type { EventField } from '../../supergraph/events.ts';
import type { Subgraph } from '../../supergraph/supergraph.ts';
import type { CancelSubscription, Source, SourceFailure, SourceRequest, SubscriptionSink } from '../source.ts';
import { SinkQueue } from '../websocket/sink-queue.ts';
import type { BrokerFailure } from './broker.ts';
import type { EventBroker, EventSourceParts } from './event-broker.ts';
import { reasonWithKey } from './event-keys.ts';
import { argumentsOf, type EventRequest, readEventRequest, responseKey } from './event-request.ts';
import { mistakeInMessage, selectFrom } from './event-value.ts';
import { publishAll } from './publish.ts';
import type { FeedMember, TopicMessage } from './topic-feeds.ts';

/**
 * Creates the source of a subgraph of events: subscriptions follow topics of brokers, and mutations send messages.
 *
 * In:  `subscription { orderUpdated(id: 1) { id } }`, with messages `{"id": "1"}` of the topic `order.1.updated`
 * Out: `{"data":{"orderUpdated":{"id":"1"}}}` for each
 */
export function createEventSource(subgraph: Subgraph, parts: EventSourceParts): Source {
  const { name, types } = subgraph;
  return {
    name,
    send: (request, done) => {
      void publishAll(subgraph, parts, request).then(done);
    },
    subscribe(request, sink) {
      const found = findEvent(subgraph, parts, request);
      if ('failure' in found) return refused(sink, found.failure);
      return follow({ ...found, name, types }, request, sink);
    },
    subscriptionKey(request) {
      const found = findEvent(subgraph, parts, request);
      return 'topic' in found ? JSON.stringify([found.event, found.topic]) : '';
    },
    resumes(request) {
      const found = findEvent(subgraph, parts, request);
      return 'broker' in found && found.broker.broker.replay !== undefined;
    },
    close: async () => {},
  };
}

interface FoundEvent {
  readonly event: EventField;
  readonly field: FieldNode;
  readonly request: EventRequest;
  readonly broker: EventBroker;
  readonly topic: string;
}

/** Returns the event and the topic that a request is for. */
function findEvent(
  { name, events }: Subgraph,
  { brokers, schema }: EventSourceParts,
  sent: SourceRequest,
): FoundEvent | { readonly failure: SourceFailure } {
  const request = readEventRequest(sent);
  const [field] = request.fields;
  const event = field && events?.fields.get(`Subscription.${field.name.value}`);
  const broker = event && brokers.get(event.source);
  if (field === undefined || event === undefined || broker === undefined)
    return { failure: { code: 'SUBREQUEST_HTTP_ERROR', message: `"${name}" has no such event.`, reason: 'no event' } };
  const topic = renderTopic(event.topic, argumentsOf(field, 'subscription', request, schema));
  if (typeof topic !== 'string') return { failure: { code: 'BAD_USER_INPUT', message: topic.mistake } };
  return { event, field, request, broker, topic };
}

/** Ends a subscription that does not start. A sink is called after the source has returned. */
function refused(sink: SubscriptionSink, failure: SourceFailure): CancelSubscription {
  let isCancelled = false;
  queueMicrotask(() => {
    if (!isCancelled) sink.error(failure);
  });
  return () => {
    isCancelled = true;
  };
}

interface Followed extends FoundEvent {
  readonly name: string;
  readonly types: Subgraph['types'];
}

function follow(found: Followed, { cursor, client }: SourceRequest, sink: SubscriptionSink): CancelSubscription {
  const { broker, topic, event } = found;
  const { replay } = broker.broker;
  if (cursor !== undefined && replay && !replay.isCursor(cursor))
    return refused(sink, {
      code: 'BAD_USER_INPUT',
      message: `"${cursor}" is no cursor of the event source "${event.source}": expected the one that an event had.`,
    });
  const member = new SinkMember(found, sink);
  const stop = broker.feeds.subscribe(topic, cursor, member);
  const { signal } = client;
  const cancel = () => {
    signal?.removeEventListener('abort', cancel);
    member.cancel();
    stop();
  };
  signal?.addEventListener('abort', cancel);
  if (signal?.aborted) cancel();
  return cancel;
}

/** Passes the messages of a topic on to a sink. Those that cannot be the value of the field are left out. */
class SinkMember implements FeedMember {
  readonly #found: Followed;
  readonly #sink: SubscriptionSink;
  readonly #queue: SinkQueue;
  #isCancelled = false;

  constructor(found: Followed, sink: SubscriptionSink) {
    this.#found = found;
    this.#sink = sink;
    this.#queue = new SinkQueue(sink);
  }

  begin(cursor: string): void {
    if (!this.#isCancelled) this.#sink.begin?.(cursor);
  }

  message(message: TopicMessage): void {
    const text = this.#textOf(message);
    const { cursor, mayHaveMissed, order } = message;
    if (text !== undefined) this.#queue.next(text, { cursor, mayHaveMissed, order });
  }

  async stored(message: TopicMessage): Promise<void> {
    const text = this.#isCancelled ? undefined : this.#textOf(message);
    const { cursor, mayHaveMissed, order } = message;
    if (text !== undefined) await this.#sink.next(text, { cursor, mayHaveMissed, order, canWait: true });
  }

  fail(failure: BrokerFailure): void {
    this.#queue.end({ failure: failureOf(this.#found.event.source, failure) });
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#queue.cancel();
  }

  /** Returns the text of the result for a message; `undefined` for a message that is left out. */
  #textOf(message: TopicMessage): string | undefined {
    const { event, field, request, types, broker } = this.#found;
    const { value, topic } = message;
    const mistake = message.mistake ?? mistakeInMessage(value, event, types);
    if (mistake !== undefined) {
      if (message.reportOnce()) broker.observer.malformed(topic, mistake);
      return undefined;
    }
    const selected = selectFrom(value, event.type, field.selectionSet, request, types);
    return `{"data":{${JSON.stringify(responseKey(field))}:${stringifyJson(selected)}}}`;
  }
}

function failureOf(source: string, failure: BrokerFailure): SourceFailure {
  const { reason, isTemporary, isUnsent } = failure;
  const what = isTemporary ? 'is not available' : 'cannot deliver these events';
  const message = `The event source "${source}" ${what} (${reasonWithKey(source, failure)}).`;
  return { code: 'SUBREQUEST_HTTP_ERROR', message, reason, isConnectionFailure: isTemporary, isUnsent };
}
