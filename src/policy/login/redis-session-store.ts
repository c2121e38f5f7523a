import { randomUUID } from 'node:crypto';
import { parseJson, stringifyJson } from '../../shared/exact-json.ts';
import type { RedisClient, SharedRedis } from '../../store/redis.ts';
import { sha256 } from '../authentication/digest.ts';
import type { Encryptor } from './encryption.ts';
import type { Session } from './session.ts';
import type { LogoutTarget, OnSessionEnded, SessionStore } from './session-store.ts';

/** Stores a session, and adds its key to the lists by which a provider can end it. Removes expired entries from the lists. */
const ADD = `
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
for i = 2, #KEYS do
  redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', ARGV[3])
  redis.call('ZADD', KEYS[i], ARGV[4], KEYS[1])
  redis.call('PEXPIRE', KEYS[i], ARGV[5])
end
return 1`;

const REPLACE = `return redis.call('SET', KEYS[1], ARGV[1], 'XX', 'KEEPTTL') and 1 or 0`;

const END_ALL = `
local ended = {}
for i = 1, #KEYS do
  for _, key in ipairs(redis.call('ZRANGE', KEYS[i], 0, -1)) do
    if redis.call('UNLINK', key) == 1 then table.insert(ended, key) end
  end
  redis.call('UNLINK', KEYS[i])
end
return ended`;

const UNLOCK = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

/** In milliseconds. Writing has a longer budget than reading: if a new refresh token is lost, the session is lost. */
const REPLACE_BUDGET_MS = 2_000;

export interface RedisStoreOptions {
  /** The client that the sessions belong to. */
  readonly client: string;
  readonly redis: SharedRedis;
  readonly encryptor: Encryptor;
  readonly idleMs: number;
  readonly lifetimeMs: number;
  readonly onEnded?: OnSessionEnded | undefined;
  readonly now: () => number;
}

/**
 * Sessions that all processes share. Redis sees neither tokens nor names: the values are encrypted, each bound to its session
 * id, so that one value cannot be copied to another session.
 */
export class RedisSessionStore implements SessionStore {
  readonly #options: RedisStoreOptions;
  readonly #scripts;

  constructor(options: RedisStoreOptions) {
    this.#options = options;
    const { redis } = options;
    this.#scripts = {
      add: redis.script<number>('headgateLoginAdd', ADD),
      replace: redis.script<number>('headgateLoginReplace', REPLACE),
      endAll: redis.script<string[]>('headgateLoginEndAll', END_ALL),
      unlock: redis.script<number>('headgateLoginUnlock', UNLOCK),
    };
  }

  async get(id: string, use: boolean): Promise<Session | undefined> {
    const { idleMs, now } = this.#options;
    const key = this.#key(id);
    const encrypted = await this.#run((client) => (use ? client.getex(key, 'PX', idleMs) : client.get(key)));
    const session = encrypted === null ? undefined : this.#decrypt(id, encrypted);
    return session === undefined || session.endsAt <= now() ? undefined : session;
  }

  async add(id: string, session: Session): Promise<void> {
    const { idleMs, lifetimeMs, now } = this.#options;
    const keys = [this.#key(id), ...this.#listsOf(session)];
    const times = [idleMs, now(), session.endsAt, lifetimeMs];
    await this.#run(() => this.#scripts.add(keys, [this.#encrypt(id, session), ...times]));
  }

  async replace(id: string, session: Session): Promise<boolean> {
    const write = () => this.#scripts.replace([this.#key(id)], [this.#encrypt(id, session)]);
    return (await this.#run(write, REPLACE_BUDGET_MS)) === 1;
  }

  async end(id: string): Promise<void> {
    await this.#run((client) => client.unlink(this.#key(id)));
    this.#options.onEnded?.(id);
  }

  async endAll({ subject, providerSession }: LogoutTarget): Promise<number> {
    const bySubject = (kind: string) => (subject === undefined ? [] : [this.#list(kind, subject)]);
    const lists =
      providerSession === undefined
        ? bySubject('subject')
        : [this.#list('session', providerSession), ...bySubject('sessionless')];
    const ended = await this.#run(() => this.#scripts.endAll(lists, []));
    const { length: start } = this.#key('');
    for (const key of ended) this.#options.onEnded?.(key.slice(start));
    return ended.length;
  }

  async once(word: string, ms: number): Promise<boolean> {
    const key = this.#name('once', word);
    const set = await this.#run((client) => client.set(key, '1', 'PX', Math.ceil(ms), 'NX'));
    return set === 'OK';
  }

  async lock(word: string, ms: number): Promise<(() => Promise<void>) | undefined> {
    const key = this.#name('lock', word);
    const token = randomUUID();
    const set = await this.#run((client) => client.set(key, token, 'PX', Math.ceil(ms), 'NX'));
    if (set !== 'OK') return undefined;
    // a lock that cannot be released expires by itself
    return () =>
      this.#run(() => this.#scripts.unlock([key], [token])).then(
        () => {},
        () => {},
      );
  }

  /** Runs a command with the budget of requests that cannot go on without Redis. */
  #run<T>(command: (client: RedisClient) => Promise<T>, leastMs = 0): Promise<T> {
    const { redis } = this.#options;
    return redis.run(command, Math.max(redis.requiredMs, leastMs));
  }

  #encrypt(id: string, session: Session): string {
    return this.#options.encryptor.encrypt(stringifyJson(session), this.#key(id));
  }

  #decrypt(id: string, encrypted: string): Session | undefined {
    const text = this.#options.encryptor.decrypt(encrypted, this.#key(id));
    return text === undefined ? undefined : (parseJson(text) as Session);
  }

  #listsOf({ subject, providerSession }: Session): string[] {
    const all = this.#list('subject', subject);
    if (providerSession === undefined) return [all, this.#list('sessionless', subject)];
    return [all, this.#list('session', providerSession)];
  }

  #list(kind: string, name: string): string {
    return this.#name(`by-${kind}`, name);
  }

  #key(id: string): string {
    const { redis, client } = this.#options;
    return `${redis.prefix}:login:${client}:session:${id}`;
  }

  #name(kind: string, name: string): string {
    const { redis, client } = this.#options;
    return `${redis.prefix}:login:${client}:${kind}:${sha256(name)}`;
  }
}
