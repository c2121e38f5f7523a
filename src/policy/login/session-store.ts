import { LRUCache } from 'lru-cache';
import type { Session } from './session.ts';

export type Answer<T> = T | Promise<T>;

/** Whose sessions a provider ends: those of the provider's session where it names one, else all of the user's. */
export interface Ended {
  readonly subject: string | undefined;
  readonly providerSession: string | undefined;
}

/**
 * Where sessions are. They are known by the digest of what the browser has, so that who reads the store can use none of
 * them. Throws, or rejects with, `StoreUnavailable` when that cannot be told just now.
 */
export interface SessionStore {
  /** `use`: it counts as used, so that its idle time begins again. */
  get(id: string, use: boolean): Answer<Session | undefined>;
  add(id: string, session: Session): Promise<void>;
  /** Puts other tokens into a session; false when the session has ended meanwhile, and ended it stays. */
  replace(id: string, session: Session): Promise<boolean>;
  end(id: string): Promise<void>;
  /** Resolves with how many there were. */
  endAll(whose: Ended): Promise<number>;
  /** True for the first who asks for this word, within `ms` milliseconds. */
  once(word: string, ms: number): Promise<boolean>;
  /** The right to do what only one process may; `undefined` while another has it, for `ms` milliseconds at most. */
  lock(word: string, ms: number): Promise<(() => Promise<void>) | undefined>;
}

export interface MemoryStoreOptions {
  readonly maxSessions: number;
  readonly idleMs: number;
  readonly now: () => number;
}

interface Entry {
  session: Session;
  idleUntil: number;
}

const MOST_WORDS = 100_000;
const UNLOCK = async () => {};

/** Sessions of one process. When there are too many, the one that was not used for longest ends. */
export class MemorySessionStore implements SessionStore {
  readonly #options: MemoryStoreOptions;
  readonly #entries: LRUCache<string, Entry>;
  readonly #words = new LRUCache<string, number>({ max: MOST_WORDS });

  constructor(options: MemoryStoreOptions) {
    this.#options = options;
    this.#entries = new LRUCache({ max: options.maxSessions });
  }

  get(id: string, use: boolean): Session | undefined {
    const entry = use ? this.#entries.get(id) : this.#entries.peek(id);
    if (entry === undefined) return undefined;
    const { now, idleMs } = this.#options;
    const time = now();
    if (time >= entry.idleUntil || time >= entry.session.endsAt) {
      this.#entries.delete(id);
      return undefined;
    }
    if (use) entry.idleUntil = time + idleMs;
    return entry.session;
  }

  async add(id: string, session: Session): Promise<void> {
    const { now, idleMs } = this.#options;
    this.#entries.set(id, { session, idleUntil: now() + idleMs });
  }

  async replace(id: string, session: Session): Promise<boolean> {
    const entry = this.#entries.peek(id);
    if (entry === undefined) return false;
    entry.session = session;
    return true;
  }

  async end(id: string): Promise<void> {
    this.#entries.delete(id);
  }

  async endAll({ subject, providerSession }: Ended): Promise<number> {
    let count = 0;
    for (const [id, { session }] of [...this.#entries.entries()]) {
      const bySession = providerSession !== undefined && session.providerSession !== undefined;
      const meant = bySession ? session.providerSession === providerSession : session.subject === subject;
      if (meant && this.#entries.delete(id)) count++;
    }
    return count;
  }

  async once(word: string, ms: number): Promise<boolean> {
    const time = this.#options.now();
    if ((this.#words.get(word) ?? 0) > time) return false;
    this.#words.set(word, time + ms);
    return true;
  }

  /** Within one process there is nobody to be kept out: see `TokenRefresher`. */
  async lock(): Promise<() => Promise<void>> {
    return UNLOCK;
  }
}
