import { randomBytes, randomUUID } from 'node:crypto';
import type { Messages } from '../../store/messages.ts';
import type { SubscriptionSink } from '../source.ts';
import type { Callback, CallbackStatus } from './callback.ts';
import { CallbackForwarder } from './callback-forwarder.ts';
import { CallbackSubscription } from './callback-subscription.ts';

export interface CallbacksOptions {
  /** The URL below which subgraphs reach this gateway. */
  readonly publicUrl: string;
  /** How often subgraphs have to check, in milliseconds; 0: never. */
  readonly heartbeatMs: number;
  /** Reaches the other processes, which may get callbacks for this one. Without it, there are none. */
  readonly messages?: Messages | undefined;
  /** Called for each subscription that is lost because no callback has come in time. @param name of the subgraph */
  readonly onMissed?: ((name: string) => void) | undefined;
}

/**
 * The subscriptions of this process whose events arrive in callbacks. An id begins with that of the process, so that another process that
 * gets a callback knows whose it is, and passes it on.
 */
export class Callbacks {
  readonly heartbeatMs: number;
  readonly #process = randomBytes(8).toString('hex');
  readonly #publicUrl: string;
  readonly #open = new Map<string, CallbackSubscription>();
  readonly #forwarder: CallbackForwarder | undefined;
  readonly #onMissed: CallbacksOptions['onMissed'];

  constructor({ publicUrl, heartbeatMs, messages, onMissed }: CallbacksOptions) {
    this.#publicUrl = publicUrl.replace(/\/$/, '');
    this.heartbeatMs = heartbeatMs;
    this.#onMissed = onMissed;
    this.#forwarder = messages && new CallbackForwarder(this.#process, messages, (callback) => this.#take(callback));
  }

  /** How many subscriptions are open. */
  get size(): number {
    return this.#open.size;
  }

  /** Opens a subscription at a subgraph. */
  open(name: string, sink: SubscriptionSink): CallbackSubscription {
    const id = `${this.#process}-${randomUUID()}`;
    const onEnd = () => this.#open.delete(id);
    const { heartbeatMs } = this;
    const onMissed = () => this.#onMissed?.(name);
    const subscription = new CallbackSubscription({ id, name, sink, heartbeatMs, onEnd, onMissed });
    this.#open.set(id, subscription);
    return subscription;
  }

  /** Returns where the callbacks of a subscription go. */
  urlOf(id: string): string {
    return `${this.#publicUrl}/${id}`;
  }

  /** Takes a callback that has arrived at this process. Never rejects. */
  async receive(callback: Callback): Promise<CallbackStatus> {
    const owner = callback.id.slice(0, this.#process.length);
    if (owner === this.#process) return this.#take(callback);
    return this.#forwarder?.forward(owner, callback) ?? 404;
  }

  #take(callback: Callback): CallbackStatus {
    return this.#open.get(callback.id)?.receive(callback) ?? 404;
  }
}
