import { hash } from 'node:crypto';
import { cacheFetches } from '../cache/cache-fetches.ts';
import type { CacheStore } from '../cache/cache-store.ts';
import { FetchFacts } from '../cache/fetch-facts.ts';
import { Invalidator } from '../cache/invalidator.ts';
import type { LifetimeSettings } from '../cache/lifetime.ts';
import { MemoryStore } from '../cache/memory-store.ts';
import { RedisStore } from '../cache/redis-store.ts';
import { TwoLevelStore } from '../cache/two-levels.ts';
import { type DependsOn, NOTHING, withReads } from '../client/depends-on.ts';
import type { Config } from '../config/config.ts';
import {
  privateIdOf,
  type SubgraphCacheSettings,
  subgraphCache,
  tagHeaderIn,
} from '../config/sections/response-cache.ts';
import type { ResponseCacheSettings } from '../graphql-http/response-cache.ts';
import { readHints } from '../operation/cache-hints.ts';
import type { RequestReads } from '../pipeline/engine.ts';
import type { ForwardHeaders } from '../sources/source.ts';
import type { Messages } from '../store/messages.ts';
import type { SharedRedis } from '../store/redis.ts';
import type { Subgraph, Supergraph } from '../supergraph/supergraph.ts';
import type { CacheInstruments } from '../telemetry/cache-instruments.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Layer } from '../traffic/stack.ts';
import { KnownNames } from './known-names.ts';
import { oncePerMinute } from './once-per-minute.ts';
import { warnOfEviction } from './warn-of-eviction.ts';

/** The response cache of this process. It outlives schema changes. */
export interface OpenCache {
  readonly store: CacheStore;
  /** The store of responses of endpoints. With `bff.redis` alone, it is one of their own. */
  readonly endpoints: CacheStore;
  readonly invalidator: Invalidator;
  /** The names that can be invalidated. */
  readonly names: KnownNames;
  /** The cache of whole responses to GET /graphql; `undefined` where that is off. */
  readonly responses: ResponseCacheSettings | undefined;
  /** Returns what caches the fetches of the subgraphs of one schema. */
  forSchema(supergraph: Supergraph, reads: RequestReads): SchemaCache;
}

/** The response cache as the sources of one schema see it. */
export interface SchemaCache {
  /** Names of the subgraphs whose fetches pass the cache. */
  readonly subgraphs: ReadonlySet<string>;
  layerOf(subgraph: Subgraph, source: CachedSource): Layer;
}

/** A source whose fetches are cached. */
export interface CachedSource {
  /** The subgraph, and its variant. */
  readonly owner: string;
  readonly forward: ForwardHeaders | undefined;
  /** Whether no other layer records how long clients may cache a response. */
  readonly recordsFreshness: boolean;
  /** Whether mutations invalidate before they are sent, and again after it: others react to them at once. */
  readonly invalidatesFirst?: boolean | undefined;
}

export interface CacheParts {
  readonly redis: SharedRedis | undefined;
  readonly messages: Messages;
  readonly instruments: CacheInstruments | undefined;
  readonly logger: Logger;
}

/** Opens the response cache; `undefined` where it is off. */
export function openCache(
  { response_cache: settings, bff }: Pick<Config, 'response_cache' | 'bff'>,
  parts: CacheParts,
): OpenCache | undefined {
  if (!settings.enabled) return undefined;
  const { messages, instruments, logger, redis } = parts;
  const memory = new MemoryStore({ maxBytes: settings.max_bytes });
  const store = storeOf(settings, memory, parts);
  const endpoints = bff.redis && redis && !settings.redis.enabled ? redisStore(redis) : store;
  if (redis && (settings.redis.enabled || bff.redis)) void warnOfEviction(redis, logger);
  instruments?.watch(() => memory.report(0));
  messages.onGap(() => memory.clear());
  const invalidator = new Invalidator({
    ...{ stores: [...new Set([store, endpoints])], messages },
    invalidateHere: (tags) => memory.invalidate(tags),
    onInvalidated: instruments?.invalidated,
    onError: (err) =>
      logger.warn({ err }, 'Redis unavailable: cached values were not invalidated, and end with their time'),
  });
  const names = new KnownNames();
  return {
    store,
    endpoints,
    invalidator,
    names,
    responses: settings.responses ? responseSettings(settings, store, instruments) : undefined,
    forSchema: (supergraph, reads) =>
      schemaCache(settings, { store, invalidator, names, instruments }, supergraph, reads),
  };
}

function storeOf(
  { redis: settings }: Config['response_cache'],
  memory: MemoryStore,
  { redis, messages, logger }: CacheParts,
): CacheStore {
  if (!settings.enabled || redis === undefined) return memory;
  let rejected: unknown;
  const warn = oncePerMinute((times) =>
    logger.warn(
      { err: rejected, times },
      'Redis rejects a command of the response cache, which does without it; check its rights and version',
    ),
  );
  const onRejected = (error: unknown) => {
    rejected = error;
    warn();
  };
  const { timeout: timeoutMs, compress_from: compressFrom } = settings;
  const far = new RedisStore({ redis, timeoutMs, compressFrom, onRejected });
  return settings.memory ? new TwoLevelStore(memory, far, () => messages.isConnected) : far;
}

/** Returns a store of endpoint responses alone, as without a response cache. */
function redisStore(redis: SharedRedis): CacheStore {
  return new RedisStore({ redis, timeoutMs: redis.commandMs, compressFrom: Number.POSITIVE_INFINITY });
}

function responseSettings(
  settings: Config['response_cache'],
  store: CacheStore,
  instruments: CacheInstruments | undefined,
): ResponseCacheSettings {
  return { store, tagHeader: tagHeaderIn(settings), jitter: settings.jitter, onLookUp: instruments?.respondedWhole };
}

type Shared = Pick<OpenCache, 'store' | 'invalidator' | 'names'> & {
  readonly instruments: CacheInstruments | undefined;
};

function schemaCache(
  settings: Config['response_cache'],
  { store, invalidator, names: known, instruments }: Shared,
  supergraph: Supergraph,
  reads: RequestReads,
): SchemaCache {
  const hints = readHints(supergraph, new Map());
  const names = supergraph.subgraphs.map(({ name }) => name);
  invalidator.addSubgraphs(supergraph.subgraphs);
  known.add(supergraph.subgraphs);
  return {
    subgraphs: new Set(names),
    layerOf(subgraph, { owner, forward, recordsFreshness, invalidatesFirst }) {
      const own = subgraphCache(settings, subgraph.name);
      const options = {
        owner: subgraph.inProcess ? `${owner} ${digestOf(subgraph.inProcess.sdl)}` : owner,
        ...{ subgraph: subgraph.name, store, forward, recordsFreshness, invalidatesFirst },
        facts: new FetchFacts(supergraph, subgraph, hints),
        dependsOn: dependenciesOf(reads, subgraph.name),
        privateId: privateIdOf(own),
        lifetime: own.enabled ? lifetimeSettings(own, settings.jitter) : undefined,
        invalidate: (tags: readonly string[]) => invalidator.invalidateNamed(tags),
        onUse: instruments?.used,
      };
      return (source) => cacheFetches(source, options);
    },
  };
}

/** Values that were made by another version of a schema file are not used: its mappings and renames may have changed. */
function digestOf(sdl: string): string {
  return hash('sha256', sdl, 'base64url');
}

function dependenciesOf(reads: RequestReads, subgraph: string): DependsOn {
  return withReads({ ...NOTHING, credentials: reads.credentials }, reads.ofSource(subgraph));
}

function lifetimeSettings(settings: SubgraphCacheSettings, jitter: number): LifetimeSettings {
  return {
    ttlMs: settings.ttl,
    negativeTtlMs: settings.negative_ttl,
    staleWhileRevalidateMs: settings.stale_while_revalidate,
    staleIfErrorMs: settings.stale_if_error,
    jitter,
  };
}
