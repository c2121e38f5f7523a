import { LRUCache } from 'lru-cache';
import type { Session } from './session.ts';

export type MaybePromise<T> = T | Promise<T>;

/** The sessions that a provider's logout token ends: those of one provider session if it names one, else all of the user. */
export interface LogoutTarget {
  readonly subject: string | undefined;
  readonly providerSession: string | undefined;
}

/**
 * A store of sessions. They are keyed by a digest of the browser's session id, so that the store's content cannot be used to log
 * in. Throws, or rejects with, `StoreUnavailable`.
 */
export interface SessionStore {
  /** @param use whether this counts as use, which extends the idle time */
  get(id: string, use: boolean): MaybePromise<Session | undefined>;
  add(id: string, session: Session): Promise<void>;
  /** Replaces a session. Resolves with false if the session has ended meanwhile; it then stays ended. */
  replace(id: string, session: Session): Promise<boolean>;
  end(id: string): Promise<void>;
  /** Resolves with the number of ended sessions. */
  endAll(target: LogoutTarget): Promise<number>;
  /** Resolves with true for the first call with this word within `ms` milliseconds. */
  once(word: string, ms: number): Promise<boolean>;
  /** Takes a lock that all processes share, for at most `ms` milliseconds; `undefined` if another process has it. Returns its release. */
  lock(word: string, ms: number): Promise<(() => Promise<void>) | undefined>;
}

/** Called with the id of each session that this process ends before its time. */
export type OnSessionEnded = (id: string) => void;

export interface MemoryStoreOptions {
  readonly maxSessions: number;
  readonly idleMs: number;
  readonly onEnded?: OnSessionEnded | undefined;
  readonly now: () => number;
}

interface Entry {
  session: Session;
  idleUntil: number;
}

const MOST_WORDS = 100_000;
const UNLOCK = async () => {};

/** Sessions in memory. When there are too many, the least recently used one ends. */
export class MemorySessionStore implements SessionStore {
  readonly #options: MemoryStoreOptions;
  readonly #entries: LRUCache<string, Entry>;
  /** Created with the first word: it allocates the places of all words at once, which takes milliseconds. */
  #words: LRUCache<string, number> | undefined;

  constructor(options: MemoryStoreOptions) {
    this.#options = options;
    this.#entries = new LRUCache({
      max: options.maxSessions,
      disposeAfter: (_, id, reason) => {
        if (reason !== 'set') options.onEnded?.(id);
      },
    });
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

  async endAll({ subject, providerSession }: LogoutTarget): Promise<number> {
    let count = 0;
    for (const [id, { session }] of [...this.#entries.entries()]) {
      const bySession = providerSession !== undefined && session.providerSession !== undefined;
      const matches = bySession ? session.providerSession === providerSession : session.subject === subject;
      if (matches && this.#entries.delete(id)) count++;
    }
    return count;
  }

  async once(word: string, ms: number): Promise<boolean> {
    const time = this.#options.now();
    this.#words ??= new LRUCache({ max: MOST_WORDS });
    if ((this.#words.get(word) ?? 0) > time) return false;
    this.#words.set(word, time + ms);
    return true;
  }

  /** One process needs no lock between processes; see `TokenRefresher`. */
  async lock(): Promise<() => Promise<void>> {
    return UNLOCK;
  }
}
