import { randomUUID } from 'node:crypto';
import { parseJson, stringifyJson } from '../../shared/exact-json.ts';
import type { RedisClient, SharedRedis } from '../../store/redis.ts';
import { sha256 } from '../authentication/digest.ts';
import type { Encryptor } from './sealing.ts';
import type { Session } from './session.ts';
import type { Ended, SessionStore } from './session-store.ts';

/** The session, and its id in lists by which a provider can name it. Lists forget what has ended by its time. */
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
local ended = 0
for i = 1, #KEYS do
  for _, key in ipairs(redis.call('ZRANGE', KEYS[i], 0, -1)) do ended = ended + redis.call('UNLINK', key) end
  redis.call('UNLINK', KEYS[i])
end
return ended`;

const UNLOCK = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

/** A new refresh token that gets lost is a session that is lost, so that to write it may take longer than other things. */
const REPLACE_BUDGET_MS = 2_000;

export interface RedisStoreOptions {
  /** Whose sessions these are; other clients' are elsewhere. */
  readonly client: string;
  readonly redis: SharedRedis;
  readonly encryptor: Encryptor;
  readonly idleMs: number;
  readonly lifetimeMs: number;
  readonly now: () => number;
}

/**
 * Sessions that all processes share. Redis gets to see neither tokens nor names: what it keeps is sealed, each session
 * for its own id, so that one put in the place of another cannot be opened.
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
      endAll: redis.script<number>('headgateLoginEndAll', END_ALL),
      unlock: redis.script<number>('headgateLoginUnlock', UNLOCK),
    };
  }

  async get(id: string, use: boolean): Promise<Session | undefined> {
    const { idleMs, now } = this.#options;
    const key = this.#key(id);
    const encrypted = await this.#run((client) => (use ? client.getex(key, 'PX', idleMs) : client.get(key)));
    const session = encrypted === null ? undefined : this.#open(id, encrypted);
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
  }

  async endAll({ subject, providerSession }: Ended): Promise<number> {
    const bySubject = (kind: string) => (subject === undefined ? [] : [this.#list(kind, subject)]);
    const lists =
      providerSession === undefined
        ? bySubject('subject')
        : [this.#list('session', providerSession), ...bySubject('sessionless')];
    return await this.#run(() => this.#scripts.endAll(lists, []));
  }

  async once(word: string, ms: number): Promise<boolean> {
    const key = this.#name('once', word);
    const set = await this.#run((client) => client.set(key, '1', 'PX', Math.ceil(ms), 'NX'));
    return set === 'OK';
  }

  async lock(word: string, ms: number): Promise<(() => Promise<void>) | undefined> {
    const key = this.#name('lock', word);
    const mine = randomUUID();
    const set = await this.#run((client) => client.set(key, mine, 'PX', Math.ceil(ms), 'NX'));
    if (set !== 'OK') return undefined;
    // one that cannot be given back ends by itself
    return () =>
      this.#run(() => this.#scripts.unlock([key], [mine])).then(
        () => {},
        () => {},
      );
  }

  /** Without an answer nobody knows who asks, and the request is refused. */
  #run<T>(command: (client: RedisClient) => Promise<T>, leastMs = 0): Promise<T> {
    const { redis } = this.#options;
    return redis.run(command, Math.max(redis.requiredMs, leastMs));
  }

  #encrypt(id: string, session: Session): string {
    return this.#options.encryptor.encrypt(stringifyJson(session), this.#key(id));
  }

  #open(id: string, encrypted: string): Session | undefined {
    const text = this.#options.encryptor.open(encrypted, this.#key(id));
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
