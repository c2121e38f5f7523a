import * as z from 'zod';
import { HAS_ZSTD } from '../../shared/content-codings.ts';
import { duration } from '../duration.ts';
import { ownPoolSection, poolSection } from './pool.ts';

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

const routerCompression = z
  .strictObject({
    enabled: z.boolean().default(true),
    threshold: z.int().positive().default(1_024).describe('Responses with fewer bytes are not compressed'),
  })
  .describe('Compression of GraphQL responses with Brotli, zstd or gzip, for clients that send `Accept-Encoding`');

const routerTraffic = z
  .strictObject({
    timeout: duration.prefault(DEFAULT_TIMEOUT),
    deduplicate_query: shareReads.default(true),
    compression: routerCompression.prefault({}),
    max_response_characters: z
      .int()
      .positive()
      .optional()
      .describe(
        'How much text of long subgraph responses may be in memory at once, in characters. More queries wait; when 2.5 times as much waits already, a query gets 503 OVERLOADED. Default: a twentieth of the heap that Node allows',
      ),
  })
  .describe('Client requests: time limit, deduplication, compression and memory');

const everySubgraph = z
  .strictObject({
    timeout: duration.prefault(DEFAULT_TIMEOUT),
    deduplicate_query: shareReads.default(true),
    compression: compression.default('identity'),
    accept_encoding: acceptEncoding.default(['gzip']),
    pool: poolSection.prefault({}),
  })
  .describe('Requests to every subgraph: time limit, deduplication and compression');

const oneSubgraph = z
  .strictObject({
    timeout: duration.optional(),
    deduplicate_query: shareReads.optional(),
    compression: compression.optional(),
    accept_encoding: acceptEncoding.optional(),
    pool: ownPoolSection,
  })
  .describe('Requests to one subgraph; settings that are left out are taken from traffic_shaping.all');

export const trafficShapingSection = z
  .strictObject({
    router: routerTraffic.prefault({}),
    all: everySubgraph.prefault({}),
    subgraphs: z.record(z.string(), oneSubgraph).default({}),
  })
  .describe('Time limits, deduplication and compression');

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

/** Returns the settings of one subgraph: its own over `all`. `timeout` in milliseconds. */
export function subgraphTraffic(traffic: TrafficShaping, subgraph: string): TrafficShaping['all'] {
  const own = Object.hasOwn(traffic.subgraphs, subgraph) ? traffic.subgraphs[subgraph] : undefined;
  return {
    timeout: own?.timeout ?? traffic.all.timeout,
    deduplicate_query: own?.deduplicate_query ?? traffic.all.deduplicate_query,
    compression: own?.compression ?? traffic.all.compression,
    accept_encoding: own?.accept_encoding ?? traffic.all.accept_encoding,
    pool: mergePools(traffic.all.pool, own?.pool),
  };
}
