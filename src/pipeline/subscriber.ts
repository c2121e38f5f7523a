import type { GraphQLFormattedError } from 'graphql';
import type { Identity } from '../client/identity.ts';
import { isSamePrincipal } from '../client/principal.ts';
import type { CredentialCheck } from '../shared/credential-check.ts';
import type { OperationLabel, RequestNotes } from '../shared/request-notes.ts';
import type { QueuedBytes } from './queued-bytes.ts';
import { type QueueOverflow, queueLimit } from './upstream-events.ts';

/** What a subscriber receives. */
export interface SubscriptionMessage {
  /** The text of a GraphQL result. */
  readonly text: string;
  /** Set in the last message of a subscription that ends with an error; the result has no data then. */
  readonly errors?: readonly GraphQLFormattedError[] | undefined;
  /** Whether these errors are those of the subgraph's result, and not of the way to it. */
  readonly isOfResult?: boolean | undefined;
  /** The subscription can be resumed after it by this cursor. */
  readonly cursor?: string | undefined;
  /** What the text is made from, for clients that get events in another form. */
  readonly event?: SubscriptionEvent | undefined;
}

/** The result of one event. */
export interface SubscriptionEvent {
  /** JSON text; `undefined` in the last event of a subscription that ends with an error. */
  readonly dataText: string | undefined;
  readonly errors: readonly GraphQLFormattedError[];
  /** Whether events may be missing before it. */
  readonly mayHaveMissed: boolean;
}

/** New credentials of the user of a subscription, which were verified. */
export interface Renewal {
  readonly identity: Identity | undefined;
  /** All headers of the client, names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** How they are checked again. */
  readonly check?: CredentialCheck | undefined;
}

/** Why a subscription has ended, for metrics. `client`: the client has left or cancelled it. */
export type EndReason =
  | 'completed'
  | 'client'
  | 'error'
  | 'queue_full'
  | 'token_expired'
  | 'schema_changed'
  | 'connection_lost'
  | 'shutdown';

/** The reasons that an error code says. */
const REASONS: ReadonlyMap<unknown, EndReason> = new Map([
  ['SUBSCRIPTION_QUEUE_FULL', 'queue_full'],
  ['SUBSCRIPTION_TOKEN_EXPIRED', 'token_expired'],
  ['SUBSCRIPTION_SCHEMA_CHANGED', 'schema_changed'],
  ['SUBSCRIPTION_CONNECTION_LOST', 'connection_lost'],
]);

export interface SubscriberOptions {
  /** The most messages that wait for the client. */
  readonly queueCapacity: number;
  readonly overflow: QueueOverflow;
  /** Counts the bytes of messages that wait. */
  readonly queued?: QueuedBytes | undefined;
  /** Called once, at the end. */
  readonly onEnd: (subscriber: Subscriber, reason: EndReason) => void;
  /** Called for each message that is dropped. */
  readonly onDropped?: (() => void) | undefined;
  /** Called when the credentials of its user were renewed, or with the access token that its session has now. */
  readonly onRenewed?: ((renewal: Renewal | string) => void) | undefined;
}

/**
 * The messages of one subscription for one client. They wait here until the client can take them; their texts are shared with
 * other clients. A client that is too slow loses its subscription, its oldest messages, or all but the newest one.
 */
export class Subscriber implements AsyncIterableIterator<SubscriptionMessage> {
  readonly #options: SubscriberOptions;
  /** Name and type of the operation, for the log. */
  operation: OperationLabel | undefined;
  /** Headers that policies add to the response, names in lower case. */
  headers: Readonly<Record<string, string>> | undefined;
  readonly #waiting: SubscriptionMessage[] = [];
  #onRoom: (() => void) | undefined;
  #notes: Pick<RequestNotes, 'errors'> | undefined;
  #reader: ((result: IteratorResult<SubscriptionMessage>) => void) | undefined;
  #reason: EndReason | undefined;
  #identity: Identity | undefined;
  #expiry: NodeJS.Timeout | undefined;

  constructor(options: SubscriberOptions) {
    this.#options = options;
  }

  get hasEnded(): boolean {
    return this.#reason !== undefined;
  }

  /** Why it has ended; `undefined` until then. */
  get reason(): EndReason | undefined {
    return this.#reason;
  }

  /** Collects the errors that it ends with, for the log and the metrics of its request. */
  noteErrorsIn(notes: Pick<RequestNotes, 'errors'>): void {
    this.#notes = notes;
    const last = this.#waiting.at(-1);
    if (last?.errors) notes.errors = last.errors;
  }

  push(message: SubscriptionMessage): void {
    if (this.#reason !== undefined) return;
    if (message.errors !== undefined) return this.end(message);
    const reader = this.#reader;
    if (reader) {
      this.#reader = undefined;
      return reader({ done: false, value: message });
    }
    const { queueCapacity, overflow, queued } = this.#options;
    if (this.#waiting.length >= queueLimit(overflow, queueCapacity)) {
      if (overflow === 'close') return this.end(TOO_SLOW);
      this.#dropOldest();
    }
    this.#waiting.push(message);
    if (queued === undefined || queued.enter(message)) return;
    // without memory for it, no message waits
    if (overflow !== 'close') while (this.#waiting.length > 0) this.#dropOldest();
    else {
      this.#waiting.pop();
      this.end(TOO_SLOW);
    }
  }

  #dropOldest(): void {
    const dropped = this.#waiting.shift();
    if (dropped === undefined) return;
    this.#options.queued?.leave(dropped);
    this.#options.onDropped?.();
  }

  /**
   * Ends the subscription after what waits.
   * @param last the error it ends with, if it does
   */
  end(last: SubscriptionMessage | undefined, reason = reasonOf(last)): void {
    if (this.#reason !== undefined) return;
    if (last) this.#waiting.push(last);
    if (last?.errors && this.#notes) this.#notes.errors = last.errors;
    this.#settle(reason);
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader) void this.next().then(reader);
  }

  /** Ends it after what waits, because the gateway stops. */
  interrupt(): void {
    this.end(undefined, 'shutdown');
  }

  /** Lets it end with `SUBSCRIPTION_TOKEN_EXPIRED` when the token, API key or session of its user expires. */
  authorizeFor(identity: Identity | undefined): void {
    this.#identity = identity;
    clearTimeout(this.#expiry);
    const expiry = expiryOf(identity);
    if (expiry !== undefined) this.#expireAt(expiry);
  }

  /**
   * Goes on with other credentials, as long as they are valid. Nothing changes unless they are of the same user with the same rights:
   * what the subscription may have was decided when it started.
   */
  renew(renewal: Renewal): void {
    if (this.hasEnded || this.#identity === undefined || !isSamePrincipal(this.#identity, renewal.identity)) return;
    this.authorizeFor(renewal.identity);
    this.#options.onRenewed?.(renewal);
  }

  /** Ends it with `SUBSCRIPTION_TOKEN_EXPIRED`: the credentials of its user are no longer accepted. */
  revoke(): void {
    this.end(REVOKED);
  }

  /** Goes on with this access token of its session. */
  renewAccessToken(token: string): void {
    if (!this.hasEnded) this.#options.onRenewed?.(token);
  }

  /** @param at milliseconds since 1970 */
  #expireAt(at: number): void {
    const wait = at - Date.now();
    if (wait <= 0) return this.end(EXPIRED);
    // a timer of Node takes 25 days at most
    const next = wait > LONGEST_TIMER_MS ? () => this.#expireAt(at) : () => this.end(EXPIRED);
    this.#expiry = setTimeout(next, Math.min(wait, LONGEST_TIMER_MS)).unref();
  }

  /** Resolves when there is room for one more message, or the subscription has ended. */
  async hasRoom(): Promise<void> {
    while (this.#reason === undefined && this.#waiting.length >= this.#options.queueCapacity)
      await new Promise<void>((resolve) => {
        this.#onRoom = resolve;
      });
  }

  next(): Promise<IteratorResult<SubscriptionMessage>> {
    const message = this.#waiting.shift();
    this.#onRoom?.();
    if (message) this.#options.queued?.leave(message);
    if (message) return Promise.resolve({ done: false, value: message });
    if (this.#reason !== undefined) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => {
      this.#reader = resolve;
    });
  }

  /** Does the same as `next`, and resolves with no message after `ms` milliseconds of silence. */
  nextOrHeartbeat(ms: number): Promise<IteratorResult<SubscriptionMessage | undefined>> {
    const message = this.next();
    const reader = this.#reader;
    if (reader === undefined) return message;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#reader = undefined;
        resolve({ done: false, value: undefined });
      }, ms).unref();
      this.#reader = (result) => {
        clearTimeout(timer);
        resolve(result);
      };
    });
  }

  /** Cancels the subscription: the client has left. */
  return(): Promise<IteratorResult<SubscriptionMessage>> {
    for (const message of this.#waiting.splice(0)) this.#options.queued?.leave(message);
    this.end(undefined, 'client');
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #settle(reason: EndReason): void {
    this.#reason = reason;
    this.#onRoom?.();
    clearTimeout(this.#expiry);
    this.#options.onEnd(this, reason);
  }
}

const LONGEST_TIMER_MS = 2 ** 31 - 1;

function reasonOf(last: SubscriptionMessage | undefined): EndReason {
  if (last?.errors === undefined) return 'completed';
  return REASONS.get(last.errors[0]?.extensions?.code) ?? 'error';
}

/** Returns when the credential of a client expires, in milliseconds since 1970. */
function expiryOf(identity: Identity | undefined): number | undefined {
  if (identity?.kind !== 'jwt' && identity?.kind !== 'opaque') return identity?.expiresAt;
  const { exp } = identity.claims;
  return typeof exp === 'number' ? exp * 1_000 : undefined;
}

/** Returns the message that ends a subscription with an error. */
export function endMessage(code: string, message: string): SubscriptionMessage {
  const errors = [{ message, extensions: { code } }];
  const event = { dataText: undefined, errors, mayHaveMissed: false };
  return { text: JSON.stringify({ errors }), errors, event };
}

const TOO_SLOW = endMessage(
  'SUBSCRIPTION_QUEUE_FULL',
  'The client reads events more slowly than they arrive. Read faster, or subscribe again.',
);
const EXPIRED = endMessage(
  'SUBSCRIPTION_TOKEN_EXPIRED',
  'The credentials have expired. Subscribe again with new ones.',
);
const REVOKED = endMessage(
  'SUBSCRIPTION_TOKEN_EXPIRED',
  'The credentials are no longer accepted: the user has logged out, or they were revoked. Subscribe again with new ones.',
);
