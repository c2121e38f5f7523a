import * as z from 'zod';
import type { Config } from '../config/config.ts';
import { adminListen } from '../config/sections/admin.ts';
import { withRedisUrl } from '../config/sections/store.ts';
import { createRedis, StoreUnavailable } from '../store/redis.ts';
import { createLogger } from '../telemetry/logger.ts';
import { redisUsage } from '../usage/redis-usage.ts';
import type { UsageReport } from '../usage/usage-report.ts';
import { fetchFailure, UsageError } from './failure.ts';
import { readGivenFile } from './read-given-file.ts';

export interface UsageSourceFlags {
  /** The URL of an admin listener, a Redis URL, or a file. By default what the config says. */
  readonly source?: string | undefined;
  /** `admin.token`. By default that of the environment or the config. */
  readonly token?: string | undefined;
}

const names = z.array(z.string());
const reportSchema = z.object({
  since: z.iso.datetime(),
  until: z.iso.datetime(),
  overflowed: z.boolean(),
  operations: z.array(
    z.object({
      id: z.string(),
      name: z.string().optional(),
      type: z.string(),
      used: names,
      possible: names,
      uses: z.array(
        z.object({
          client: z.string().optional(),
          version: z.string().optional(),
          count: z.number(),
          last: z.iso.datetime(),
        }),
      ),
    }),
  ),
});

const schemaResponse = z.object({ sdl: z.string() });

/** Reads what clients use: from a running gateway, from Redis, or from a file. Throws `UsageError` that says what to do. */
export async function readUsage({ source, token }: UsageSourceFlags, config: Config): Promise<UsageReport> {
  const { redis } = config.store;
  const origin = originOfAdmin(source, config);
  if (origin !== undefined) {
    const { text, place } = await fromAdmin('/admin/usage', origin, token, config);
    return parseReport(text, place);
  }
  if (source === undefined) return fromRedis(redis as NonNullable<typeof redis>, config);
  if (/^rediss?:\/\//.test(source)) {
    const settings = withRedisUrl(config.store.redis, source);
    if (settings === undefined) throw new UsageError('the Redis URL of the usage is not valid');
    return fromRedis(settings, config);
  }
  return parseReport(readGivenFile('--file', source), source);
}

/** Reads the SDL of the schema that a gateway serves now; `undefined` where usage is not read from a gateway. Throws `UsageError`. */
export async function readServedSchema(
  { source, token }: UsageSourceFlags,
  config: Config,
): Promise<string | undefined> {
  const origin = originOfAdmin(source, config);
  if (origin === undefined) return undefined;
  const { text, place } = await fromAdmin('/admin/schema', origin, token, config);
  return schemaResponse.parse(parseJson(text, place, 'the schema of a gateway')).sdl;
}

/** Returns the URL of the admin listener; `undefined` where usage is read from elsewhere. */
function originOfAdmin(source: string | undefined, config: Config): string | undefined {
  if (source !== undefined) return /^https?:\/\//.test(source) ? source : undefined;
  return config.usage.store === 'redis' && config.store.redis ? undefined : adminOrigin(config);
}

function adminOrigin(config: Config): string {
  const address = adminListen(config)?.address;
  if (address === undefined)
    throw new UsageError('the config has no admin listener to read usage from; set admin.token, or give --url');
  const host = address.host === '0.0.0.0' || address.host === '::' ? '127.0.0.1' : address.host;
  return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
}

async function fromAdmin(
  path: string,
  origin: string,
  given: string | undefined,
  config: Config,
): Promise<{ readonly text: string; readonly place: string }> {
  const token = given ?? process.env.HEADGATE_ADMIN_TOKEN ?? config.admin.token;
  if (token === undefined)
    throw new UsageError(
      'usage is read with the admin token: give --token, or set HEADGATE_ADMIN_TOKEN or admin.token in the config',
    );
  if (!URL.canParse(origin)) throw new UsageError('the URL of the admin listener is not valid');
  const url = new URL(path, origin);
  const place = `${url.protocol}//${url.host}${path}`;
  let response: Response;
  try {
    response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  } catch (error) {
    throw new UsageError(`the admin listener at ${place} cannot be reached: ${fetchFailure(error)}`);
  }
  const text = await response.text();
  if (response.ok) return { text, place };
  throw new UsageError(`${place} responded with ${response.status}. ${detailOf(text)}`);
}

function detailOf(text: string): string {
  try {
    return String((JSON.parse(text) as { detail?: unknown }).detail ?? '');
  } catch {
    return 'Expected the admin listener of a gateway.';
  }
}

async function fromRedis(settings: NonNullable<Config['store']['redis']>, config: Config): Promise<UsageReport> {
  const redis = await createRedis(settings, createLogger({ level: 'silent' }));
  const { retention: retentionMs, max_entries: maxEntries } = config.usage;
  try {
    return await redisUsage(redis, { retentionMs, maxEntries }).read();
  } catch (error) {
    if (error instanceof StoreUnavailable) throw new UsageError(`usage cannot be read from Redis: ${error.message}`);
    throw error;
  } finally {
    await redis.close();
  }
}

function parseReport(text: string, place: string): UsageReport {
  const parsed = reportSchema.safeParse(parseJson(text, place, 'the output of `headgate usage --format json`'));
  if (parsed.success) return parsed.data;
  const at = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new UsageError(
    `${place} is no usage report${at && ` (at ${at})`}; expected the output of \`headgate usage --format json\``,
  );
}

function parseJson(text: string, place: string, expected: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError(`${place} is not JSON; expected ${expected}`);
  }
}
