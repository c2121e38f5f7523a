import { isRequestError } from '../../shared/request-error.ts';
import type { EventFacts, SourceFailure, SubscriptionSink } from '../source.ts';

/** The most events that wait for a sink that is not ready: a connection that many subscriptions share cannot stop for one. */
const MOST_WAITING = 1_024;

/** How a subscription ends. `refusal`: a GraphQL result without data. */
export type Last = { readonly failure: SourceFailure } | { readonly refusal: string } | 'complete';

/** Delivers events to a sink in order, each when the sink is ready for it. A first event that is a request error is the end. */
export class SinkQueue {
  readonly #sink: SubscriptionSink;
  readonly #waiting: { readonly text: string; readonly facts: EventFacts | undefined }[] = [];
  #isBusy = false;
  #hasEvents = false;
  #last: Last | undefined;
  #hasEnded = false;

  constructor(sink: SubscriptionSink) {
    this.#sink = sink;
  }

  /** Returns false for an event that ends the subscription: it had no place, or says that the subscription did not start. */
  next(text: string, facts?: EventFacts): boolean {
    if (this.#last) return false;
    if (!this.#hasEvents && isRequestError(text)) {
      this.end({ refusal: text });
      return false;
    }
    this.#hasEvents = true;
    if (this.#waiting.length >= MOST_WAITING) {
      this.#waiting.length = 0;
      const message = `More than ${MOST_WAITING} events wait for a slow subscriber.`;
      this.end({ failure: { code: 'SUBREQUEST_QUEUE_FULL', message, reason: 'too many events' } });
      return false;
    }
    this.#waiting.push({ text, facts });
    this.#deliver();
    return true;
  }

  /** Ends the subscription after what waits. Later calls do nothing. */
  end(last: Last): void {
    this.#last ??= last;
    this.#deliver();
  }

  /** Drops what waits, and calls the sink no more. */
  cancel(): void {
    this.#waiting.length = 0;
    this.#last ??= 'complete';
    this.#hasEnded = true;
  }

  #deliver(): void {
    while (!this.#isBusy && !this.#hasEnded) {
      const event = this.#waiting.shift();
      if (event === undefined) return this.#finish();
      const ready = this.#sink.next(event.text, event.facts);
      if (ready === undefined) continue;
      this.#isBusy = true;
      void ready.then(() => {
        this.#isBusy = false;
        this.#deliver();
      });
    }
  }

  #finish(): void {
    if (this.#last === undefined) return;
    this.#hasEnded = true;
    if (this.#last === 'complete') this.#sink.complete();
    else if ('refusal' in this.#last) this.#sink.refuse(this.#last.refusal);
    else this.#sink.error(this.#last.failure);
  }
}
