import type { SharedSubscription } from './shared-subscription.ts';

/**
 * Subscriptions that were resumed, each for one client. Once such a client has the events that it had missed, it shares the execution of further
 * ones with all identical subscriptions: else, after a restart of the gateway, each event would be fetched once for each client.
 */
export class ResumedSubscriptions {
  readonly #shared: Map<string, SharedSubscription>;
  readonly #resumed = new Map<string, Set<SharedSubscription>>();

  /** @param shared those that clients can join, by sharing key */
  constructor(shared: Map<string, SharedSubscription>) {
    this.#shared = shared;
  }

  add(key: string, resumed: SharedSubscription): void {
    const all = this.#resumed.get(key);
    if (all) all.add(resumed);
    else this.#resumed.set(key, new Set([resumed]));
  }

  delete(key: string, resumed: SharedSubscription): void {
    const all = this.#resumed.get(key);
    if (all?.delete(resumed) && all.size === 0) this.#resumed.delete(key);
  }

  /** Called when all subscribers of one have an event: it, or others, may be as far as those that are shared. */
  delivered(key: string, one: SharedSubscription): void {
    const all = this.#resumed.get(key);
    if (all === undefined) return;
    const shared = this.#shared.get(key);
    if (one === shared) for (const resumed of [...all]) join(resumed, shared);
    else if (shared && !shared.hasEnded) join(one, shared);
    else if (one.isLive) this.#open(key, one);
  }

  /** Lets others join it. */
  #open(key: string, resumed: SharedSubscription): void {
    this.#shared.set(key, resumed);
    this.delete(key, resumed);
    resumed.open();
    this.delivered(key, resumed);
  }
}

function join(resumed: SharedSubscription, shared: SharedSubscription): void {
  const isAsFar = shared.position !== undefined && resumed.position === shared.position;
  if (isAsFar && resumed.engine === shared.engine) resumed.moveTo(shared);
}
