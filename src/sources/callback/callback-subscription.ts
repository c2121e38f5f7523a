import { randomBytes } from 'node:crypto';
import { areEqualSecrets } from '../../shared/equal-secrets.ts';
import { refusesSubscription } from '../../shared/request-error.ts';
import { hasOtherProtocol, protocolHint } from '../protocol-hint.ts';
import type { SourceFailure, SubgraphResponse, SubscriptionSink } from '../source.ts';
import { type Last, SinkQueue } from '../websocket/sink-queue.ts';
import type { Callback, CallbackStatus } from './callback.ts';

/** How long the first callback may take after the subgraph has accepted the subscription, in milliseconds. */
const FIRST_CALLBACK_MS = 10_000;

export interface CallbackSubscriptionOptions {
  readonly id: string;
  /** The subgraph's name, for messages. */
  readonly name: string;
  readonly sink: SubscriptionSink;
  /** In milliseconds; 0: no heartbeats. */
  readonly heartbeatMs: number;
  /** Called once, when no callback can reach it any more. */
  readonly onEnd: () => void;
  /** Called when no callback has come in time. */
  readonly onMissed?: (() => void) | undefined;
}

/** One subscription whose events arrive in callbacks. */
export class CallbackSubscription {
  readonly id: string;
  /** The secret that callbacks need. */
  readonly verifier = randomBytes(24).toString('base64url');
  readonly #options: CallbackSubscriptionOptions;
  readonly #queue: SinkQueue;
  #timer: NodeJS.Timeout | undefined;
  #wasCalled = false;
  #wasAccepted = false;
  #hasEnded = false;

  constructor(options: CallbackSubscriptionOptions) {
    this.id = options.id;
    this.#options = options;
    this.#queue = new SinkQueue(options.sink);
  }

  /** Takes a callback with its id. */
  receive({ verifier, action, payload, errors }: Callback): CallbackStatus {
    if (!areEqualSecrets(verifier, this.verifier)) return 400;
    if (this.#hasEnded) return 404;
    this.#wasCalled = true;
    this.#watch();
    if (action === 'check') return 204;
    if (action === 'next') {
      if (payload !== undefined && this.#queue.next(payload)) return 204;
      this.#release();
      return 404;
    }
    // an empty list says nothing
    this.#end(errors === undefined || errors === '[]' ? 'complete' : { refusal: `{"errors":${errors}}` });
    return 202;
  }

  /** Takes the subgraph's response to the request that begins the subscription. */
  respond(response: SubgraphResponse): void {
    if (this.#hasEnded) return;
    if (response.kind === 'failure') return this.#end({ failure: this.#startFailure(response.failure) });
    if (response.kind === 'text' && refusesSubscription(response.text)) return this.#end({ refusal: response.text });
    this.#wasAccepted = true;
    this.#watch();
  }

  /** Ends it: the sink is called no more, and callbacks get 404, by which the subgraph knows. */
  cancel(): void {
    this.#queue.cancel();
    this.#release();
  }

  /** Begins the wait for the next callback. */
  #watch(): void {
    clearTimeout(this.#timer);
    const { heartbeatMs } = this.#options;
    if (!this.#wasCalled && !this.#wasAccepted) return;
    const ms = this.#wasCalled ? 2 * heartbeatMs : Math.max(FIRST_CALLBACK_MS, 2 * heartbeatMs);
    if (ms > 0) this.#timer = setTimeout(() => this.#lose(), ms).unref();
  }

  #lose(): void {
    this.#options.onMissed?.();
    this.#end({ failure: this.#silence() });
  }

  /** A further attempt may succeed where the subgraph did not answer, or is overloaded. */
  #startFailure(failure: SourceFailure): SourceFailure {
    const { status, isConnectionFailure, code, message } = failure;
    const mayRetry = isConnectionFailure === true || (status ?? 0) >= 500 || code === 'SUBREQUEST_TIMEOUT';
    const hint = status !== undefined && hasOtherProtocol(status) ? ` ${protocolHint(this.#options.name)}` : '';
    return { ...failure, message: message + hint, isConnectionFailure: mayRetry, isUnsent: !this.#wasCalled };
  }

  #silence(): SourceFailure {
    const { name } = this.#options;
    if (this.#wasCalled) {
      const message = `The subscription at "${name}" was lost (no heartbeat).`;
      return { code: 'SUBREQUEST_HTTP_ERROR', message, reason: 'no heartbeat', isConnectionFailure: true };
    }
    const message =
      `Subgraph "${name}" has accepted a subscription, and has sent no callback. ` +
      'Check that it has the callback protocol, and reaches subscription.mode.callback.public_url.';
    return { code: 'SUBREQUEST_HTTP_ERROR', message, reason: 'no callback', isUnsent: true };
  }

  #end(last: Last): void {
    this.#release();
    this.#queue.end(last);
  }

  #release(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    clearTimeout(this.#timer);
    this.#options.onEnd();
  }
}
