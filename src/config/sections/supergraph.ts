import * as z from 'zod';
import { listenAddress } from '../listen.ts';

const queryPlanning = z
  .strictObject({
    warmed_up_queries: z
      .int()
      .min(0)
      .default(100)
      .describe('How many of the operations asked for last are planned again at once when the schema changes'),
    warm_up_at_start: z
      .boolean()
      .default(false)
      .describe(
        'Whether operations made up from the schema are planned right after the start, so that the first clients find warm code, for some 30 MB of memory more. Nothing is asked of a subgraph',
      ),
  })
  .describe('When operations are planned before a client asks for them');

export const supergraphSection = z
  .strictObject({
    listen: listenAddress
      .prefault('127.0.0.1:4000')
      .describe('HOST:PORT to serve clients on; port 0 takes any free port'),
    introspection: z
      .boolean()
      .optional()
      .describe('Whether clients may introspect the schema. Default: true, but false with NODE_ENV=production'),
    query_planning: queryPlanning.prefault({}),
  })
  .describe('Where the gateway listens and what it shows of its schema');
