import * as z from 'zod';

const count = z.int().min(1);
const values = z.record(z.string(), z.unknown()).describe('Values that connectors read as `$config.NAME`');

const limits = {
  max_concurrent_requests: count.describe('Concurrent calls to one source per process; further calls wait'),
  max_requests_per_operation: count.describe('Calls to one source per client request; further calls fail'),
  max_response_bytes: count.describe('Largest response; a larger one is an error'),
};

const DEFAULT_BYTES = 64 * 2 ** 20;

const cache = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .describe(
        'Whether responses to GET calls are cached and shared by all clients, as their headers allow; for every source',
      ),
    max_bytes: z.int().positive().optional().meta({
      default: DEFAULT_BYTES,
      description:
        'Most memory for cached responses. Does not apply with connectors.cache.redis; with response_cache.enabled, use response_cache.max_bytes',
    }),
    redis: z.boolean().default(false).describe('Whether cached responses are in store.redis, shared by all processes'),
  })
  .describe('Cached responses of REST APIs');

const oneSource = z.strictObject({
  override_url: z
    .url({ protocol: /^https?$/, message: 'expected an http:// or https:// URL' })
    .optional()
    .describe("The URL of the API, instead of the source's baseURL"),
  max_concurrent_requests: limits.max_concurrent_requests.optional(),
  max_requests_per_operation: limits.max_requests_per_operation.optional(),
  max_response_bytes: limits.max_response_bytes.optional(),
  cache: z.boolean().optional().describe('Whether its responses are cached, over connectors.cache.enabled'),
  $config: values.optional(),
});

export const connectorsSection = z
  .strictObject({
    max_concurrent_requests: limits.max_concurrent_requests.default(64),
    max_requests_per_operation_per_source: limits.max_requests_per_operation.optional(),
    max_response_bytes: limits.max_response_bytes.default(16 * 1024 * 1024),
    cache: cache.prefault({}),
    sources: z.record(z.string(), oneSource).default({}).describe('Settings of single sources, as "SUBGRAPH.SOURCE"'),
    subgraphs: z
      .record(z.string(), z.strictObject({ $config: values.optional() }))
      .default({})
      .describe('Settings of single subgraphs, by name'),
  })
  .describe('REST APIs behind connectors');

export type ConnectorsConfig = z.output<typeof connectorsSection>;

/** The settings of one source of a subgraph; `source` is undefined for connectors without one. */
export interface ApiSettings {
  readonly overrideUrl: string | undefined;
  readonly maxConcurrent: number;
  readonly maxPerOperation: number;
  readonly maxResponseBytes: number;
  readonly isCached: boolean;
  readonly config: Readonly<Record<string, unknown>>;
}

/** Returns the most memory for cached responses, where they have a store of their own. */
export function cacheBytes({ cache }: ConnectorsConfig): number {
  return cache.max_bytes ?? DEFAULT_BYTES;
}

/** Whether responses of any source are cached. */
export function cachesResponses({ cache, sources }: ConnectorsConfig): boolean {
  return cache.enabled || Object.values(sources).some((source) => source.cache === true);
}

export function apiSettings(config: ConnectorsConfig, subgraph: string, source: string | undefined): ApiSettings {
  const name = `${subgraph}.${source}`;
  const own = source !== undefined && Object.hasOwn(config.sources, name) ? config.sources[name] : undefined;
  const whole = Object.hasOwn(config.subgraphs, subgraph) ? config.subgraphs[subgraph] : undefined;
  return {
    overrideUrl: own?.override_url,
    maxConcurrent: own?.max_concurrent_requests ?? config.max_concurrent_requests,
    maxPerOperation:
      own?.max_requests_per_operation ?? config.max_requests_per_operation_per_source ?? Number.POSITIVE_INFINITY,
    maxResponseBytes: own?.max_response_bytes ?? config.max_response_bytes,
    isCached: own?.cache ?? config.cache.enabled,
    config: { ...whole?.$config, ...own?.$config },
  };
}
