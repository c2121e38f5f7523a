import * as z from 'zod';
import { HAS_ZSTD } from '../../shared/content-codings.ts';
import { duration } from '../duration.ts';
import { adaptiveConcurrency } from './adaptive-concurrency.ts';
import { ownPoolSection, poolSection } from './pool.ts';
import { type CallSettings, callKeys, callProblems, mergedCallSettings } from './subgraph-calls.ts';

const DEFAULT_TIMEOUT = '30s';

const shareReads = z.boolean().describe('Whether identical concurrent reads share one response');

/** Rejects a coding that this version of Node does not support, since each request would fail. */
const coding = z
  .enum(['gzip', 'deflate', 'br', 'zstd'])
  .refine((name) => name !== 'zstd' || HAS_ZSTD, 'zstd needs Node 22.15 or later, or 23.8 or later');

const compression = z
  .union([coding, z.literal('identity')])
  .describe('How request bodies are compressed; `identity`: not at all. The subgraph must support it');

const acceptEncoding = z
  .array(coding)
  .describe('Compression codings to request in `Accept-Encoding`; empty: `identity`. All codings are decoded');

const http2 = z
  .enum(['enable', 'disable', 'http2only'])
  .describe(
    'HTTP/2 to the subgraph. `enable`: if a server with https chooses it. `http2only`: in any case, also without TLS (h2c, prior knowledge)',
  );

const operationNames = z
  .boolean()
  .describe('Whether operations sent to the subgraph have a name, such as Shop__products__1');

const routerCompression = z
  .strictObject({
    enabled: z.boolean().default(true),
    threshold: z.int().positive().default(1_024).describe('Responses with fewer bytes are not compressed'),
  })
  .describe('Compression of GraphQL responses with Brotli, zstd or gzip, for clients that send `Accept-Encoding`');

const OF_FETCH = 'Timeout of a fetch, with all its tries and waits';

const routerTraffic = z
  .strictObject({
    timeout: duration.prefault(DEFAULT_TIMEOUT).describe('Timeout of a client request, with all its fetches'),
    deduplicate_query: shareReads.default(true),
    compression: routerCompression.prefault({}),
    max_response_characters: z
      .int()
      .positive()
      .optional()
      .describe(
        'How much text of long subgraph responses may be in memory at once, in characters. More queries wait; when 2.5 times as much waits already, a query gets 503 OVERLOADED. Default: a twentieth of the heap that Node allows',
      ),
    adaptive_concurrency: adaptiveConcurrency,
  })
  .describe('Client requests: time limit, deduplication, compression, memory and overload');

const everySubgraph = z
  .strictObject({
    timeout: duration.prefault(DEFAULT_TIMEOUT).describe(OF_FETCH),
    deduplicate_query: shareReads.default(true),
    compression: compression.default('identity'),
    accept_encoding: acceptEncoding.default(['gzip']),
    http2: http2.default('disable'),
    operation_names: operationNames.default(false),
    ...callKeys,
    pool: poolSection.prefault({}),
  })
  .describe('Requests to every subgraph: time limits, tries, deduplication and compression');

const oneSubgraph = z
  .strictObject({
    timeout: duration.optional().describe(OF_FETCH),
    deduplicate_query: shareReads.optional(),
    compression: compression.optional(),
    accept_encoding: acceptEncoding.optional(),
    http2: http2.optional(),
    operation_names: operationNames.optional(),
    ...callKeys,
    pool: ownPoolSection,
  })
  .describe('Requests to one subgraph; settings that are left out are taken from traffic_shaping.all');

export const trafficShapingSection = z
  .strictObject({
    router: routerTraffic.prefault({}),
    all: everySubgraph.prefault({}),
    subgraphs: z.record(z.string(), oneSubgraph).default({}),
  })
  .superRefine((traffic, context) => {
    for (const problem of problemsOf(traffic)) context.addIssue({ code: 'custom', ...problem });
  })
  .describe('Time limits, tries, deduplication and compression');

type Pool = z.output<typeof poolSection>;

function mergePools(all: Pool, own: z.output<typeof ownPoolSection>): Pool {
  return {
    connections: own?.connections ?? all.connections,
    queue: own?.queue ?? all.queue,
    keep_alive: own?.keep_alive ?? all.keep_alive,
    max_age: own?.max_age ?? all.max_age,
  };
}

export type TrafficShaping = z.output<typeof trafficShapingSection>;

/** The settings of one subgraph. `timeout` in milliseconds. */
export interface SubgraphTraffic extends CallSettings {
  readonly timeout: number;
  readonly deduplicate_query: boolean;
  readonly compression: z.output<typeof compression>;
  readonly accept_encoding: z.output<typeof acceptEncoding>;
  readonly http2: z.output<typeof http2>;
  readonly operation_names: boolean;
  readonly pool: Pool;
}

/** Returns the settings of one subgraph: its own over `all`. */
export function subgraphTraffic(
  { all, subgraphs }: Pick<TrafficShaping, 'all' | 'subgraphs'>,
  subgraph: string,
): SubgraphTraffic {
  const own = Object.hasOwn(subgraphs, subgraph) ? subgraphs[subgraph] : undefined;
  return {
    timeout: own?.timeout ?? all.timeout,
    deduplicate_query: own?.deduplicate_query ?? all.deduplicate_query,
    compression: own?.compression ?? all.compression,
    accept_encoding: own?.accept_encoding ?? all.accept_encoding,
    http2: own?.http2 ?? all.http2,
    operation_names: own?.operation_names ?? all.operation_names,
    ...mergedCallSettings(all, own),
    pool: mergePools(all.pool, own?.pool),
  };
}

/** Returns the contradictions of each subgraph's settings, at the key of the subgraph where it has one. */
function problemsOf({ all, subgraphs }: Pick<TrafficShaping, 'all' | 'subgraphs'>) {
  const ofAll = callProblems(mergedCallSettings(all, undefined), all.timeout).map(({ path, message }) => ({
    path: ['all', ...path],
    message,
  }));
  const ofOne = Object.entries(subgraphs).flatMap(([name, own]) =>
    callProblems(mergedCallSettings(all, own), own.timeout ?? all.timeout)
      // what only `all` sets is reported there, unless the subgraph's own timeout contradicts it
      .filter(() => ofAll.length === 0)
      .map(({ path, message }) => ({ path: ['subgraphs', name, ...path], message })),
  );
  return [...ofAll, ...ofOne];
}
