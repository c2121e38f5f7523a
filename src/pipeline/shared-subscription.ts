import { setImmediate as nextTurn } from 'node:timers/promises';
import { isSamePrincipal } from '../client/principal.ts';
import type { Payload } from '../executor/payload.ts';
import { RefusedPayload } from '../executor/refused-payload.ts';
import { nextInOrder } from '../shared/arrival-order.ts';
import { GatewayError } from '../shared/gateway-error.ts';
import type { Cancellation } from '../sources/cancellation.ts';
import type { Engine, EngineRequest, ResumeAfter } from './engine.ts';
import { resultText, type SingleResult, type StreamResult } from './execution-result.ts';
import { endMessage, type Renewal, type Subscriber, type SubscriptionMessage } from './subscriber.ts';
import type { UpstreamSettings } from './upstream-events.ts';

/** Clients that get an event in one turn of the event loop: for so long, in milliseconds. */
const SLICE_MS = 10;
/** How many clients get an event between two looks at the clock. */
const CHECK_EVERY = 64;

/** Called with an internal error, and the client and the operation for which events are executed. */
export type OnInternalError = (
  error: unknown,
  client: EngineRequest['client'] & Pick<StreamResult, 'operation'>,
) => void;

export interface SharedSubscriptionOptions {
  readonly request: EngineRequest;
  /** Aborts the fetches for events. It is the signal of the request's client. */
  readonly cancellation: Cancellation;
  readonly settings: UpstreamSettings;
  /** Where the events begin; then there is one subscriber, which is waited for. */
  readonly resume?: ResumeAfter | undefined;
  /** Returns the engine for the client now. */
  readonly engine: () => Engine | undefined;
  /** Called when all subscribers have an event. */
  readonly onDelivered?: ((shared: SharedSubscription) => void) | undefined;
  /** Called with an internal error that ends it; clients see no details. */
  readonly onInternalError?: OnInternalError | undefined;
  /** Called once, when it has no subscribers any more, or its events have ended. */
  readonly onEnd: () => void;
}

/** One execution of a subscription, for all clients whose subscriptions are identical: each event is fetched once. */
export class SharedSubscription {
  /** Resolves with the result of a subscription that does not start; `undefined` once it has started. */
  readonly started: Promise<SingleResult | undefined>;
  readonly #options: SharedSubscriptionOptions;
  /** Each subscriber, and when it joined, see `nextInOrder`. */
  readonly #subscribers = new Map<Subscriber, number>();
  #request: EngineRequest;
  #engine: Engine;
  #stream: StreamResult | undefined;
  #replanning: Promise<void> | undefined;
  #stopListening: (() => void) | undefined;
  #hasEnded = false;
  #position: string | undefined;
  #successor: SharedSubscription | undefined;
  #waitsForRoom: boolean;

  constructor(engine: Engine, options: SharedSubscriptionOptions) {
    this.#options = options;
    this.#request = options.request;
    this.#engine = engine;
    this.#waitsForRoom = options.resume !== undefined;
    this.started = this.#start();
    // each subscriber handles its failure
    this.started.catch(() => this.#end(undefined));
  }

  get engine(): Engine {
    return this.#engine;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** The headers and the operation of its result, once it has started. */
  get result(): Pick<StreamResult, 'headers' | 'operation'> {
    return this.#stream ?? {};
  }

  /** The cursor of the event that all subscribers have had last; `undefined` while one is delivered, or where there are no cursors. */
  get position(): string | undefined {
    return this.#position;
  }

  /** Whether its last event was a new one, and none that a resumed subscription has missed. */
  get isLive(): boolean {
    return this.#stream?.upstream?.isLive === true;
  }

  /** Lets others join a resumed subscription: from now on, slow clients are not waited for. */
  open(): void {
    this.#waitsForRoom = false;
  }

  /** Moves the subscribers to another one that is at the same position, and ends. */
  moveTo(other: SharedSubscription): void {
    this.#successor = other;
    for (const subscriber of this.#subscribers.keys()) other.add(subscriber, FROM_THE_POSITION);
    this.#subscribers.clear();
    this.#end(undefined);
  }

  /**
   * Adds a subscriber, before or after the start. It gets the events that arrive from now on: where it was before, such as at another
   * replica, it may have had those that wait here.
   */
  add(subscriber: Subscriber, joined = nextInOrder()): void {
    this.#subscribers.set(subscriber, joined);
  }

  /** Removes a subscriber. After the last one, the upstream subscription is cancelled. */
  remove(subscriber: Subscriber): void {
    if (this.#successor) return this.#successor.remove(subscriber);
    this.#subscribers.delete(subscriber);
    if (this.#subscribers.size === 0) this.#end(undefined);
  }

  /** Executes events with the headers of a client whose credentials were renewed, if it is the one that it began for. */
  renew({ headers, identity }: Renewal): void {
    const { client } = this.#request;
    if (client.identity === undefined || !isSamePrincipal(client.identity, identity)) return;
    this.#request = { ...this.#request, client: { ...client, headers } };
    this.#stream?.upstream?.renew(headers);
  }

  /** Executes events with this access token of the login session that it belongs to. */
  renewAccessToken(token: string): void {
    const { client } = this.#request;
    const authorization = `Bearer ${token}`;
    if (client.identity?.kind !== 'session' || client.headers.authorization === authorization) return;
    const headers = { ...client.headers, authorization };
    this.#request = { ...this.#request, client: { ...client, headers } };
    this.#stream?.upstream?.renew(headers);
  }

  async #start(): Promise<SingleResult | undefined> {
    const { settings, resume } = this.#options;
    this.#follow();
    const result = await subscribe(this.#engine, { ...this.#request, subscription: { settings, resume } });
    if (result.kind === 'single') {
      this.#end(undefined);
      return result;
    }
    if (this.#hasEnded) void result.payloads.return();
    else {
      this.#stream = result;
      void this.#deliverAll(result);
    }
    return undefined;
  }

  /** Moves to the next engine when this one is replaced. */
  #follow(): void {
    this.#stopListening = this.#engine.onRetire?.(() => {
      this.#replanning = this.#replan();
    });
  }

  async #replan(): Promise<void> {
    // it may just be starting
    if ((await this.started.catch(() => undefined)) !== undefined || this.#hasEnded) return;
    const { settings, engine: current } = this.#options;
    const [before, engine] = [this.#stream, current()];
    if (engine === undefined || before === undefined) return this.#end(undefined);
    this.#engine = engine;
    this.#follow();
    const { upstream } = before;
    const subscription = { settings, upstream };
    const result = await subscribe(engine, { ...this.#request, document: undefined, subscription }).catch(
      (error: unknown) => this.#report(error),
    );
    if (this.#hasEnded) {
      if (result?.kind === 'stream') void result.payloads.return();
    } else if (result?.kind !== 'stream') this.#end(SCHEMA_CHANGED);
    else {
      this.#stream = result;
      if (result.upstream !== upstream) void before.payloads.return();
    }
  }

  async #deliverAll(first: StreamResult): Promise<void> {
    let stream = first;
    try {
      for (;;) {
        for await (const payload of stream.payloads) await this.#deliver(payload, stream.upstream?.order);
        await this.#replanning;
        if (this.#hasEnded || this.#stream === undefined || this.#stream === stream) break;
        stream = this.#stream;
      }
      this.#end(undefined);
    } catch (error) {
      this.#report(error);
      this.#end(error instanceof GatewayError ? endMessage(error.code, error.message) : FAILED);
    }
  }

  /** Reports an internal error. Others are of plugins, and are logged where these are called. */
  #report(error: unknown): undefined {
    if (error instanceof GatewayError) return;
    const { operation } = this.#stream ?? {};
    this.#options.onInternalError?.(error, { ...this.#request.client, operation });
  }

  /** @param order when the event arrived, see `nextInOrder` */
  async #deliver(payload: Payload, order = Number.POSITIVE_INFINITY): Promise<void> {
    const { dataText, errors, extensions } = payload;
    const { cursor, mayHaveMissedEvents = false } = (extensions?.subscription ?? {}) as EventExtension;
    const event = { dataText, errors, mayHaveMissed: mayHaveMissedEvents };
    const last = dataText === undefined ? errors : undefined;
    const isOfResult = payload instanceof RefusedPayload;
    const message: SubscriptionMessage = { text: resultText(payload), errors: last, isOfResult, cursor, event };
    payload.takeText();
    this.#position = undefined;
    let [count, start] = [0, performance.now()];
    for (const [subscriber, joined] of this.#subscribers) {
      if (joined < order || last !== undefined) subscriber.push(message);
      if (this.#waitsForRoom) await subscriber.hasRoom();
      if (++count % CHECK_EVERY > 0 || performance.now() - start < SLICE_MS) continue;
      await nextTurn();
      start = performance.now();
    }
    this.#position = cursor;
    if (!this.#hasEnded) this.#options.onDelivered?.(this);
  }

  #end(last: SubscriptionMessage | undefined): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#stopListening?.();
    this.#options.cancellation.abort();
    void this.#stream?.payloads.return();
    const all = [...this.#subscribers.keys()];
    this.#subscribers.clear();
    for (const subscriber of all) subscriber.end(last);
    this.#options.onEnd();
  }
}

/** When a subscriber joined that has moved from another subscription at the same position: it gets all that waits. */
const FROM_THE_POSITION = 0;

interface EventExtension {
  readonly cursor?: string;
  readonly mayHaveMissedEvents?: boolean;
}

async function subscribe(engine: Engine, request: EngineRequest) {
  return engine.subscribe ? engine.subscribe(request) : engine.execute(request);
}

const SCHEMA_CHANGED = endMessage(
  'SUBSCRIPTION_SCHEMA_CHANGED',
  'The schema has changed, and this subscription cannot go on with it. Subscribe again.',
);
const FAILED = endMessage('INTERNAL_SERVER_ERROR', 'Internal server error');
