import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CredentialCheck } from '../shared/credential-check.ts';
import type { Subscriber } from './subscriber.ts';

export interface CredentialCheckOptions {
  /** How often all credentials are checked, in milliseconds. */
  readonly intervalMs: number;
  /** Called after checks of which some could not be done, such as while a server is unavailable. Those subscriptions go on. */
  readonly onUndecided?: ((undecided: UndecidedChecks) => void) | undefined;
}

export interface UndecidedChecks {
  /** How many subscriptions they are for. */
  readonly subscriptions: number;
  /** Why the last one could not be done. */
  readonly reason: string;
}

/** The most checks at the same time: each may be a request to a server. */
const MOST_CONCURRENT = 16;
/** How many checks are done between two turns of the event loop. */
const YIELD_EVERY = 64;

/**
 * Ends subscriptions whose credentials are no longer accepted: sessions that have ended, tokens and API keys that were revoked. Nothing is
 * checked for events. There is a timer only while there is something to check.
 */
export class CredentialChecks {
  readonly #options: CredentialCheckOptions;
  readonly #checks = new Map<Subscriber, CredentialCheck>();
  /** Those that belong to a login session, by its id. */
  readonly #ofSessions = new Map<string, Set<Subscriber>>();
  #timer: NodeJS.Timeout | undefined;
  #isChecking = false;
  #mustRepeat = false;

  constructor(options: CredentialCheckOptions) {
    this.#options = options;
  }

  /** Checks a subscriber's credential from now on, in place of the one before. */
  set(subscriber: Subscriber, check: CredentialCheck | undefined): void {
    if (check === undefined) return this.delete(subscriber);
    this.#leaveSession(subscriber);
    this.#checks.set(subscriber, check);
    const { sessionId } = check;
    if (sessionId !== undefined) {
      const others = this.#ofSessions.get(sessionId);
      if (others) others.add(subscriber);
      else this.#ofSessions.set(sessionId, new Set([subscriber]));
    }
    this.#timer ??= setInterval(() => void this.#checkAll(), this.#options.intervalMs).unref();
  }

  delete(subscriber: Subscriber): void {
    this.#leaveSession(subscriber);
    if (!this.#checks.delete(subscriber) || this.#checks.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Ends the subscriptions of a login session that has ended. */
  endSession(id: string): void {
    for (const subscriber of [...(this.#ofSessions.get(id) ?? [])]) subscriber.revoke();
  }

  /** Checks all credentials now: keys or tokens may have been revoked. */
  async checkNow(): Promise<void> {
    this.#mustRepeat = this.#isChecking;
    await this.#checkAll();
  }

  #leaveSession(subscriber: Subscriber): void {
    const id = this.#checks.get(subscriber)?.sessionId;
    if (id === undefined) return;
    const all = this.#ofSessions.get(id);
    all?.delete(subscriber);
    if (all?.size === 0) this.#ofSessions.delete(id);
  }

  async #checkAll(): Promise<void> {
    // the last ones take longer than the interval
    if (this.#isChecking) return;
    this.#isChecking = true;
    const pending = [...this.#checks].values();
    const failures: unknown[] = [];
    await Promise.all(Array.from({ length: MOST_CONCURRENT }, () => this.#checkEach(pending, failures)));
    this.#isChecking = false;
    if (this.#mustRepeat) void this.checkNow();
    if (failures.length === 0) return;
    const last = failures.at(-1);
    const reason = last instanceof Error ? last.message : String(last);
    this.#options.onUndecided?.({ subscriptions: failures.length, reason });
  }

  async #checkEach(pending: Iterable<readonly [Subscriber, CredentialCheck]>, failures: unknown[]): Promise<void> {
    let count = 0;
    for (const [subscriber, check] of pending) {
      count += 1;
      if (count % YIELD_EVERY === 0) await nextTurn();
      try {
        // it may have ended, or have other credentials, since
        if (this.#checks.get(subscriber) === check) await this.#checkOne(subscriber, check);
      } catch (error) {
        failures.push(error);
      }
    }
  }

  async #checkOne(subscriber: Subscriber, check: CredentialCheck): Promise<void> {
    const accepted = await check();
    if (this.#checks.get(subscriber) !== check) return;
    if (accepted === undefined) subscriber.revoke();
    else if (accepted.accessToken !== undefined) subscriber.renewAccessToken(accepted.accessToken);
  }
}
