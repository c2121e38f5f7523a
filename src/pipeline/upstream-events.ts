import { nextInOrder } from '../shared/arrival-order.ts';
import type {
  CancelSubscription,
  ClientContext,
  EventFacts,
  Source,
  SourceFailure,
  SourceRequest,
  SubscriptionSink,
} from '../sources/source.ts';
import type { QueuedBytes } from './queued-bytes.ts';

/**
 * What happens to an event for which there is no room: the subscription ends, the oldest event is dropped, or the event replaces all that
 * wait.
 */
export type QueueOverflow = 'close' | 'drop_oldest' | 'coalesce';

/** Returns how many events may wait. */
export function queueLimit(overflow: QueueOverflow, capacity: number): number {
  return overflow === 'coalesce' ? 1 : capacity;
}

/** How an upstream subscription is kept. Times in milliseconds. */
export interface UpstreamSettings {
  /** The most events that wait to be executed. */
  readonly queueCapacity: number;
  readonly overflow: QueueOverflow;
  /** Called for each event that is dropped before it is executed. */
  readonly onDropped?: (() => void) | undefined;
  /** Called for each upstream subscription that could not be opened, or was lost. */
  readonly onFailed?: ((source: string, failure: SourceFailure) => void) | undefined;
  /** Counts the bytes of events that wait, here and for clients. Without it, only their number is limited. */
  readonly queued?: QueuedBytes | undefined;
  /** How often a lost connection is opened again, before an event has arrived. */
  readonly maxReconnects: number;
  /** The longest wait before the first attempt; it doubles with each. */
  readonly backoffBaseMs: number;
  readonly backoffMaxMs: number;
}

export const DEFAULT_UPSTREAM: UpstreamSettings = {
  queueCapacity: 128,
  overflow: 'close',
  maxReconnects: 5,
  backoffBaseMs: 500,
  backoffMaxMs: 30_000,
};

/** Why an upstream subscription has ended. */
export type UpstreamEnd =
  | { readonly kind: 'completed' }
  | { readonly kind: 'queue_full' }
  /** The source has refused to start it or to go on. `text`: a GraphQL result without data. */
  | { readonly kind: 'refused'; readonly text: string }
  /** `wasStarted`: the connection was there, and was lost. */
  | { readonly kind: 'failed'; readonly failure: SourceFailure; readonly wasStarted: boolean };

/** One event: the text of a GraphQL result. */
export interface UpstreamEvent {
  readonly text: string;
  /** Whether events may be missing before it. */
  readonly mayHaveMissed: boolean;
  /** The subscription can be resumed after it by this cursor. */
  readonly cursor: string | undefined;
  /** When it arrived, see `nextInOrder`. */
  readonly order: number;
  /** Whether it was stored before the subscription was resumed. */
  readonly isStored?: boolean | undefined;
}

const NO_FACTS: EventFacts = {};

/** The source of an upstream subscription, and what it is asked for. */
export interface UpstreamRequest {
  readonly source: Source;
  readonly request: SourceRequest;
  /** Equal for two requests that one upstream subscription serves. */
  readonly key: string;
}

/**
 * One subscription to a source, and the events that wait to be executed. What executes them can change, as with a new
 * schema, without a break in the subscription. A lost connection is opened again.
 */
export class UpstreamEvents implements SubscriptionSink {
  readonly key: string;
  private source: Source;
  private request: SourceRequest;
  private readonly settings: UpstreamSettings;
  private readonly waiting: UpstreamEvent[] = [];
  private end: UpstreamEnd | undefined;
  private cancelSource: CancelSubscription | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isCancelled = false;
  private wasStarted = false;
  private attempts = 0;
  private mayHaveMissed = false;
  /** The cursor of the last event that has arrived. */
  private arrived: string | undefined;
  private room: (() => void) | undefined;
  /** The cursor of the last event that was taken. */
  taken: string | undefined;
  /** When the last event that was taken has arrived, see `nextInOrder`. */
  order: number | undefined;
  /** Whether the last event that was taken is a new one, and none that a resumed subscription has missed. */
  isLive = false;
  /** Called when there is an event, or the end. */
  private onChange: () => void = () => {};
  private onDetach: () => void = () => {};

  constructor({ source, request, key }: UpstreamRequest, settings: UpstreamSettings) {
    this.source = source;
    this.request = request;
    this.key = key;
    this.settings = settings;
    this.arrived = this.taken = request.cursor;
  }

  /** The client for which the events are executed. */
  get client(): ClientContext {
    return this.request.client;
  }

  /** Sends other headers of the client from now on: with the fetches for events, and when a lost connection is opened again. */
  renew(headers: ClientContext['headers']): void {
    this.request = { ...this.request, client: { ...this.request.client, headers } };
  }

  /**
   * Attaches what executes the events, in place of what did before.
   * @param onDetach called when something else is attached
   */
  attach(source: Source, onChange: () => void, onDetach: () => void): void {
    const before = this.onDetach;
    this.source = source;
    this.onChange = onChange;
    this.onDetach = onDetach;
    before();
  }

  start(): void {
    this.timer = undefined;
    if (this.isCancelled || this.source.subscribe === undefined) return;
    const cancel = this.source.subscribe({ ...this.request, cursor: this.arrived }, this);
    // a source may have ended it before it returned
    if (this.isCancelled || this.end) cancel();
    else this.cancelSource = cancel;
  }

  /** Ends the subscription. Nothing is called afterwards. */
  cancel(): void {
    if (this.isCancelled) return;
    this.isCancelled = true;
    clearTimeout(this.timer);
    this.clear();
    this.cancelSource?.();
    this.makeRoom();
    this.onChange = this.onDetach = () => {};
  }

  /** Returns the next event, or the end after the last one; `undefined` while there is neither. */
  take(): UpstreamEvent | UpstreamEnd | undefined {
    const event = this.waiting.shift();
    if (event === undefined) return this.end;
    this.settings.queued?.leave(event);
    if (event.cursor !== undefined) this.taken = event.cursor;
    this.order = event.order;
    this.isLive = event.isStored !== true;
    if (this.waiting.length === 0) this.makeRoom();
    return event;
  }

  begin(cursor: string): void {
    this.arrived ??= cursor;
    this.taken ??= cursor;
  }

  next(text: string, facts: EventFacts = NO_FACTS): void | Promise<void> {
    if (this.isCancelled || this.end) return;
    const { cursor, mayHaveMissed = false, canWait = false, order = nextInOrder() } = facts;
    this.attempts = 0;
    this.wasStarted = true;
    if (cursor !== undefined) this.arrived = cursor;
    if (mayHaveMissed) this.mayHaveMissed = true;
    const { queueCapacity, overflow } = this.settings;
    const limit = queueLimit(overflow, queueCapacity);
    // a source that can wait needs not, where each event replaces the one before
    const waits = canWait && overflow !== 'coalesce';
    if (this.waiting.length >= limit && !waits) {
      if (overflow === 'close') return this.endEarly({ kind: 'queue_full' });
      this.dropOldest();
    }
    const event = { text, mayHaveMissed: this.mayHaveMissed, cursor, order, isStored: canWait || undefined };
    this.waiting.push(event);
    this.mayHaveMissed = false;
    this.onChange();
    // usually it is taken at once
    if (!waits && this.waiting.at(-1) === event) this.count(event);
    // until all were taken: new events, which cannot wait, need the room
    if (!waits || this.waiting.length === 0) return;
    return new Promise((resolve) => {
      this.room = resolve;
    });
  }

  private dropOldest(): void {
    const { overflow, onDropped, queued } = this.settings;
    const dropped = this.waiting.shift();
    if (dropped === undefined) return;
    queued?.leave(dropped);
    // who wants only the newest event need not learn of others, except of those that were lost before
    if (overflow === 'drop_oldest' || dropped.mayHaveMissed) this.mayHaveMissed = true;
    onDropped?.();
  }

  /** Counts the bytes of the newest event, which has to wait. Where there is no room for them, no event waits. */
  private count(event: UpstreamEvent): void {
    const { queued, overflow } = this.settings;
    if (queued === undefined || queued.enter(event)) return;
    if (overflow === 'close') this.endEarly({ kind: 'queue_full' });
    else while (this.waiting.length > 0) this.dropOldest();
  }

  private clear(): void {
    for (const event of this.waiting.splice(0)) this.settings.queued?.leave(event);
  }

  private makeRoom(): void {
    this.room?.();
    this.room = undefined;
  }

  error(failure: SourceFailure): void {
    if (this.isCancelled || this.end) return;
    this.settings.onFailed?.(this.source.name, failure);
    if (failure.isConnectionFailure && !failure.isUnsent) this.wasStarted = true;
    const { maxReconnects, backoffBaseMs, backoffMaxMs } = this.settings;
    if (!this.wasStarted || !failure.isConnectionFailure || this.attempts >= maxReconnects)
      return this.endWith({ kind: 'failed', failure, wasStarted: this.wasStarted });
    // a source with cursors resumes where it was
    if (this.arrived === undefined) this.mayHaveMissed = true;
    const wait = Math.min(backoffMaxMs, backoffBaseMs * 2 ** this.attempts) * Math.random();
    this.attempts += 1;
    this.timer = setTimeout(() => this.start(), wait).unref();
  }

  refuse(text: string): void {
    if (this.isCancelled || this.end) return;
    this.endWith({ kind: 'refused', text });
  }

  complete(): void {
    if (this.isCancelled || this.end) return;
    this.endWith({ kind: 'completed' });
  }

  private endEarly(end: UpstreamEnd): void {
    this.clear();
    this.cancelSource?.();
    this.endWith(end);
  }

  private endWith(end: UpstreamEnd): void {
    this.end = end;
    this.onChange();
  }
}
