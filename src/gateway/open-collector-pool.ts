import { createPool } from '../sources/http/http-pool.ts';
import type { OpenCollectorPool } from '../telemetry/otlp/collector-connection.ts';

/** How long an unused connection stays open, in milliseconds: longer than the default intervals of exports. */
const KEEP_ALIVE_MS = 90_000;

/** Opens a pool with one connection to a collector, of the same kind as those to subgraphs. */
export const openCollectorPool: OpenCollectorPool = (origin, tls) =>
  createPool(origin, { connections: 1, keepAliveMs: KEEP_ALIVE_MS, tls });
