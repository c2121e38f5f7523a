import * as z from 'zod';
import { duration, durationOrZero } from '../duration.ts';
import { share } from '../share.ts';
import { size } from '../size.ts';

const PRIVATE_ID = /^(?:claim|header):[\w.:/-]{1,200}$/;

const subgraphKeys = {
  enabled: z.boolean().describe('Whether responses of the subgraph are cached'),
  ttl: duration.describe(
    'The longest time of a value, and the time of values for which neither the schema nor the subgraph says how long',
  ),
  negative_ttl: duration.describe('The longest time of values that are null. Without it, they are not cached'),
  private_id: z
    .string()
    .regex(PRIVATE_ID, 'expected "claim:NAME" or "header:NAME"')
    .describe(
      'What private values are cached by: "claim:NAME" of the verified token, or "header:NAME". By default by client, with everything that identifies it',
    ),
  stale_while_revalidate: durationOrZero.describe('How long after that a value is used while a new one is fetched'),
  stale_if_error: durationOrZero.describe('How long after that a value is used where the subgraph fails'),
};

const all = z.strictObject({
  enabled: subgraphKeys.enabled.default(true),
  ttl: subgraphKeys.ttl.optional(),
  negative_ttl: subgraphKeys.negative_ttl.optional(),
  private_id: subgraphKeys.private_id.optional(),
  stale_while_revalidate: subgraphKeys.stale_while_revalidate.prefault('0s'),
  stale_if_error: subgraphKeys.stale_if_error.prefault('0s'),
});

const one = z.strictObject(subgraphKeys).partial();

const redis = z
  .strictObject({
    enabled: z.boolean().default(false).describe('Whether cached values are in store.redis, too, for all processes'),
    timeout: duration
      .prefault('20ms')
      .describe('How long a look-up may take. After that, the subgraph is asked as if nothing were cached'),
    compress_from: size.prefault('4KiB').describe('Longer values are compressed'),
    memory: z
      .boolean()
      .default(true)
      .describe('Whether each process has a cache in memory before Redis. Messages over Redis invalidate it'),
  })
  .describe('Cached values in Redis');

const invalidation = z
  .strictObject({
    path: z
      .string()
      .regex(/^\/[\w./-]{1,200}$/, 'expected a path such as "/invalidation"')
      .default('/invalidation')
      .describe('The path of the invalidation API at the admin listener'),
    shared_key: z
      .string()
      .min(16, 'expected at least 16 characters')
      .optional()
      .describe(
        'The key that allows invalidation, in the header Authorization. It opens the admin listener; without it the route does not exist',
      ),
  })
  .describe('The API that invalidates cached values, as in Apollo Router');

interface KeysWithEffect {
  readonly subgraph: { readonly all: z.output<typeof all>; readonly subgraphs: Readonly<Record<string, object>> };
  readonly tag_header: string;
  readonly redis: z.output<typeof redis>;
  readonly invalidation: z.output<typeof invalidation>;
}

/** Returns the paths of the keys that ask for something, which nobody gets while the cache is off. */
function keysWithEffect({ subgraph, tag_header, redis, invalidation }: KeysWithEffect): string[][] {
  const set = Object.entries(subgraph.all).filter(([name, value]) => name !== 'enabled' && value !== 0);
  return [
    ...set.map(([name]) => ['subgraph', 'all', name]),
    ...Object.keys(subgraph.subgraphs).map((name) => ['subgraph', 'subgraphs', name]),
    ...(tag_header === 'none' ? [] : [['tag_header']]),
    ...(redis.enabled ? [['redis', 'enabled']] : []),
    ...(invalidation.shared_key === undefined ? [] : [['invalidation', 'shared_key']]),
  ];
}

export const responseCacheSection = z
  .strictObject({
    enabled: z.boolean().optional().meta({ default: false, description: 'Whether responses of subgraphs are cached' }),
    subgraph: z
      .strictObject({
        all: all.prefault({}).describe('Settings of all subgraphs'),
        subgraphs: z.record(z.string(), one).default({}).describe('Settings of single subgraphs, over `all`'),
      })
      .prefault({})
      .describe('How long root fields and entities are cached'),
    responses: z
      .boolean()
      .default(true)
      .describe('Whether whole responses to GET /graphql are cached, where they are the same for all clients'),
    tag_header: z
      .enum(['none', 'surrogate-key', 'cache-tag'])
      .default('none')
      .describe(
        'The header that tells a CDN the tags of a response to GET /graphql, or of an endpoint, to purge it by',
      ),
    max_bytes: size.prefault('64MiB').describe('Most memory for cached values in each process'),
    jitter: share
      .prefault('5%')
      .describe('The most by which times are shortened at random, so that not all end at once'),
    redis: redis.prefault({}),
    invalidation: invalidation.prefault({}),
  })
  .superRefine((settings, context) => {
    // who writes `enabled: false` knows that the rest has no effect
    if (settings.enabled !== undefined) return;
    const message = 'has no effect without `response_cache.enabled: true`';
    for (const path of keysWithEffect(settings)) context.addIssue({ code: 'custom', path, message });
  })
  .describe('Caches root fields and entities of subgraphs, and whole responses to GET /graphql');

export type ResponseCacheSettings = z.output<typeof responseCacheSection>;

/** The settings of one subgraph. Times are in milliseconds. */
export type SubgraphCacheSettings = ResponseCacheSettings['subgraph']['all'];

/** Returns whether there is an invalidation API: it needs the cache, and a key. */
export function hasInvalidationApi({ enabled, invalidation }: ResponseCacheSettings): boolean {
  return enabled === true && invalidation.shared_key !== undefined;
}

/** Returns the settings of a subgraph: its own over those of all. */
export function subgraphCache({ subgraph }: ResponseCacheSettings, name: string): SubgraphCacheSettings {
  const own = Object.hasOwn(subgraph.subgraphs, name) ? subgraph.subgraphs[name] : undefined;
  return { ...subgraph.all, ...own };
}

/** Returns the header that tells a CDN the tags of responses; `undefined` without one. */
export function tagHeaderIn({ enabled, tag_header: header }: Pick<ResponseCacheSettings, 'enabled' | 'tag_header'>) {
  return enabled && header !== 'none' ? header : undefined;
}

/** Returns what private values are cached by; `undefined` for the client itself. */
export function privateIdOf({ private_id: id }: Pick<SubgraphCacheSettings, 'private_id'>):
  | {
      readonly claim?: string;
      readonly header?: string;
    }
  | undefined {
  if (id === undefined) return undefined;
  const [kind = '', ...name] = id.split(':');
  const value = name.join(':');
  return kind === 'claim' ? { claim: value } : { header: value.toLowerCase() };
}
