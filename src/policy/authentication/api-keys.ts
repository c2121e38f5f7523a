import { timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Identity } from '../../client/identity.ts';
import { ConfigValueError } from '../../config/config-value-error.ts';
import { readRegularFileSync } from '../../shared/read-regular-file.ts';
import { SingleFlight } from '../../shared/single-flight.ts';
import { type SharedRedis, StoreUnavailable } from '../../store/redis.ts';
import { type ApiKeyRecord, parseApiKeyFile, parseApiKeyRecord } from './api-key-record.ts';
import { AuthenticationUnavailable, BadCredential } from './authentication-error.ts';
import { sha256 } from './digest.ts';

/** A store of API keys, looked up by `sha256:…`. */
export interface ApiKeyStore {
  /** Returns the record of a key. Rejects with `AuthenticationUnavailable` when the store is unavailable. */
  find(hash: string): ApiKeyRecord | undefined | Promise<ApiKeyRecord | undefined>;
}

/** In characters. A longer header is rejected before it is hashed. */
const LONGEST_KEY = 512;

/** Identifies the owner of an API key. Synchronous when the store is. */
export class ApiKeys {
  readonly #store: ApiKeyStore;
  readonly #now: () => number;
  readonly #identities = new WeakMap<ApiKeyRecord, Identity>();

  /** `now`: milliseconds since 1970. */
  constructor(store: ApiKeyStore, now: () => number = Date.now) {
    this.#store = store;
    this.#now = now;
  }

  /** Returns the identity of the key's owner. Throws, or rejects with, `BadCredential` or `AuthenticationUnavailable`. */
  identify(key: string): Identity | Promise<Identity> {
    if (key.length > LONGEST_KEY)
      throw new BadCredential('malformed', `the API key is longer than ${LONGEST_KEY} characters`);
    const hash = `sha256:${sha256(key)}`;
    const found = this.#store.find(hash);
    if (found instanceof Promise) return found.then((record) => this.#checkRecord(hash, record));
    return this.#checkRecord(hash, found);
  }

  #checkRecord(hash: string, record: ApiKeyRecord | undefined): Identity {
    if (record === undefined || !sameText(record.hash, hash)) throw new BadCredential('unknown', 'unknown API key');
    if (!record.active) throw new BadCredential('revoked', `the API key ${record.id} is revoked`);
    if (record.expires !== undefined && Date.parse(record.expires) <= this.#now()) {
      throw new BadCredential('expired', `the API key ${record.id} expired at ${record.expires}`);
    }
    let identity = this.#identities.get(record);
    if (identity === undefined) {
      identity = identityOf(record);
      this.#identities.set(record, identity);
    }
    return identity;
  }
}

function identityOf({ id, owner, scopes, plan, created, expires }: ApiKeyRecord): Identity {
  const claims = { id, owner, scopes, plan, created, expires };
  const expiresAt = expires === undefined ? undefined : Date.parse(expires);
  const key = { clientId: owner, apiKeyId: id, apiKeyOwner: owner, plan, expiresAt };
  return { kind: 'api_key', subject: owner, scopes, claims, ...key };
}

/** Compares in constant time. */
function sameText(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The API keys of a file. Throws `ConfigValueError` when the file cannot be used. */
export class ApiKeyFile implements ApiKeyStore {
  readonly file: string;
  #keys: ReadonlyMap<string, ApiKeyRecord>;

  constructor(file: string) {
    this.file = file;
    this.#keys = readKeys(file);
  }

  find(hash: string): ApiKeyRecord | undefined {
    return this.#keys.get(hash);
  }

  /** Reads the file again. Throws like the constructor; the keys then stay as they were. */
  reload(): void {
    this.#keys = readKeys(this.file);
  }
}

function readKeys(file: string): ReadonlyMap<string, ApiKeyRecord> {
  try {
    return new Map(parseApiKeyFile(readRegularFileSync(file)).map((record) => [record.hash, record]));
  } catch (cause) {
    const hint = `\`headgate keys create --file ${file}\` writes such a file`;
    throw new ConfigValueError(`api_keys.file: ${file}: ${(cause as Error).message} (${hint})`, { cause });
  }
}

/** The Redis hash that holds the records, as JSON by their `sha256:…`. */
export function redisKeysName({ prefix }: SharedRedis): string {
  return `${prefix}:api-keys`;
}

const MOST_CACHED = 10_000;

/**
 * API keys stored in Redis. Look-ups are cached for `cacheMs`. Unknown keys have a cache of their own, so that a flood of
 * invented keys does not evict the known ones.
 */
export class ApiKeyRedis implements ApiKeyStore {
  readonly #redis: SharedRedis;
  readonly #known: LRUCache<string, ApiKeyRecord>;
  readonly #unknown: LRUCache<string, true>;
  readonly #underWay = new SingleFlight<ApiKeyRecord | undefined>();

  constructor(redis: SharedRedis, cacheMs: number) {
    this.#redis = redis;
    this.#known = new LRUCache({ max: MOST_CACHED, ttl: cacheMs });
    this.#unknown = new LRUCache({ max: MOST_CACHED, ttl: cacheMs });
  }

  find(hash: string): ApiKeyRecord | undefined | Promise<ApiKeyRecord | undefined> {
    const known = this.#known.get(hash);
    if (known !== undefined || this.#unknown.has(hash)) return known;
    return this.#underWay.run(hash, () => this.#lookUp(hash));
  }

  async #lookUp(hash: string): Promise<ApiKeyRecord | undefined> {
    try {
      const name = redisKeysName(this.#redis);
      // the request cannot go on without this
      const text = await this.#redis.run((client) => client.hget(name, hash), this.#redis.requiredMs);
      const record = text === null ? undefined : parseApiKeyRecord(text);
      if (record === undefined) this.#unknown.set(hash, true);
      else this.#known.set(hash, record);
      return record;
    } catch (cause) {
      const what = cause instanceof StoreUnavailable ? 'Redis unavailable' : 'its record in Redis is not readable';
      throw new AuthenticationUnavailable(`the API key was not looked up: ${what}: ${(cause as Error).message}`, {
        cause,
      });
    }
  }
}
