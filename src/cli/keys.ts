import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { ConfigValueError } from '../config/config-value-error.ts';
import { parseDuration } from '../config/duration.ts';
import { expectation } from '../config/expectation.ts';
import { storeSection } from '../config/sections/store.ts';
import {
  type ApiKeyRecord,
  createApiKey,
  formatApiKeyFile,
  parseApiKeyFile,
  parseApiKeyRecord,
} from '../policy/authentication/api-key-record.ts';
import { redisKeysName } from '../policy/authentication/api-keys.ts';
import { subgraphUrlLabel } from '../shared/subgraph-url.ts';
import { createRedis, StoreUnavailable } from '../store/redis.ts';
import { createLogger } from '../telemetry/logger.ts';
import { UsageError } from './failure.ts';

export interface KeyStoreFlags {
  readonly file?: string;
  /** A Redis URL. */
  readonly redis?: string;
  /** The prefix of keys in Redis (`store.redis.key_prefix`). */
  readonly keyPrefix?: string;
}

export interface CreateKeyFlags extends KeyStoreFlags {
  readonly owner: string;
  readonly scopes?: readonly string[];
  readonly plan?: string;
  /** `90d`, or an instant. */
  readonly expires?: string;
}

/** `headgate keys create`: prints only the key on standard output; messages go to standard error. */
export async function createKey(flags: CreateKeyFlags): Promise<void> {
  const { owner, scopes = [], plan, expires } = flags;
  const now = new Date();
  const created = createApiKey({ owner, scopes, plan, expires: expiryOf(expires, now) }, now);
  await withStore(flags, async (store) => store.write([...(await store.read()), created.record], created.record));
  console.error(`Key ${created.record.id} of ${owner}. It is shown only once, and not stored:`);
  console.log(created.key);
}

/** `headgate keys list`: prints the stored record of each key. */
export async function listKeys(flags: KeyStoreFlags): Promise<void> {
  const keys = await withStore(flags, (store) => store.read());
  const rows = keys.map((key) => [key.id, key.owner, stateOf(key), key.plan ?? '', key.scopes.join(' ')]);
  for (const line of columns([['ID', 'OWNER', 'STATE', 'PLAN', 'SCOPES'], ...rows])) console.log(line);
}

/** `headgate keys revoke ID`: the key stays in the list; requests with it get 401. */
export async function revokeKey(id: string, flags: KeyStoreFlags): Promise<void> {
  await withStore(flags, async (store) => {
    const keys = await store.read();
    const key = keys.find((one) => one.id === id);
    if (!key) throw new UsageError(`unknown key ${id}; \`headgate keys list\` lists all keys`);
    const revoked = { ...key, active: false };
    await store.write(
      keys.map((one) => (one === key ? revoked : one)),
      revoked,
    );
  });
  console.error(`Key ${id} is revoked.`);
}

function stateOf({ active, expires }: ApiKeyRecord): string {
  if (!active) return 'revoked';
  if (expires === undefined) return 'active';
  return Date.parse(expires) <= Date.now() ? `expired ${expires}` : `until ${expires}`;
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function expiryOf(text: string | undefined, now: Date): Date | undefined {
  if (text === undefined) return undefined;
  const duration = parseDuration(text);
  const expiry = duration === undefined ? new Date(text) : new Date(now.getTime() + duration);
  if (!Number.isNaN(expiry.getTime()) && expiry > now) return expiry;
  throw new UsageError(`--expires: "${text}" is neither a duration such as 90d nor an instant in the future`);
}

interface KeyStore {
  read(): Promise<ApiKeyRecord[]>;
  /** @param changed the record that is new or different */
  write(all: readonly ApiKeyRecord[], changed: ApiKeyRecord): Promise<void>;
}

async function withStore<T>(flags: KeyStoreFlags, use: (store: KeyStore) => Promise<T>): Promise<T> {
  const { file, redis } = flags;
  if (file !== undefined && redis !== undefined) throw new UsageError('either --file or --redis, not both');
  if (file !== undefined) return use(fileStore(file));
  if (redis === undefined) throw new UsageError('name the store of the keys: --file FILE, or --redis URL');
  return withRedis(redis, flags.keyPrefix, use);
}

function fileStore(file: string): KeyStore {
  return {
    async read() {
      try {
        return parseApiKeyFile(readFileSync(file, 'utf8'));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
        throw new ConfigValueError(`${file}: ${(error as Error).message}`, { cause: error });
      }
    },
    async write(all) {
      // atomically: a gateway watches this file
      const next = `${file}.${process.pid}.new`;
      try {
        writeFileSync(next, formatApiKeyFile(all), { mode: 0o600, flag: 'wx' });
        renameSync(next, file);
      } catch (error) {
        rmSync(next, { force: true });
        throw error;
      }
    },
  };
}

const TIMEOUT_MS = 5_000;

async function withRedis<T>(
  url: string,
  keyPrefix: string | undefined,
  use: (store: KeyStore) => Promise<T>,
): Promise<T> {
  const parsed = storeSection.safeParse({
    redis: { url, ...(keyPrefix === undefined ? {} : { key_prefix: keyPrefix }) },
  });
  if (!parsed.success || parsed.data.redis === undefined) {
    throw new UsageError(
      `--redis, --key-prefix: ${parsed.error?.issues.map(expectation)[0] ?? 'expected a redis:// URL'}`,
    );
  }
  const redis = await createRedis(parsed.data.redis, createLogger({ level: 'silent' }));
  const name = redisKeysName(redis);
  try {
    return await use({
      async read() {
        const records = await redis.run((client) => client.hvals(name), TIMEOUT_MS);
        return records.map(parseApiKeyRecord).sort((a, b) => (a.created ?? '').localeCompare(b.created ?? ''));
      },
      async write(_all, changed) {
        await redis.run((client) => client.hset(name, changed.hash, JSON.stringify(changed)), TIMEOUT_MS);
      },
    });
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    throw new ConfigValueError(`--redis: ${subgraphUrlLabel(url)} does not respond: ${error.message}`, {
      cause: error,
    });
  } finally {
    await redis.close();
  }
}
