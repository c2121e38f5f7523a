import * as z from 'zod';
import { listenAddress } from '../listen.ts';
import { canarySection } from './canary.ts';

const queryPlanning = z
  .strictObject({
    warmed_up_queries: z
      .int()
      .min(0)
      .default(100)
      .describe('How many of the operations used last are planned again as soon as the schema changes'),
    warm_up_on_start: z
      .boolean()
      .default(false)
      .describe(
        'Whether sample operations, generated from the schema, are planned right after the start, so that the first clients get fast responses. Takes some 30 MB of memory; sends nothing to subgraphs',
      ),
  })
  .describe('Operations that are planned before a client sends them');

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
    canary: canarySection.optional(),
  })
  .describe('Where the gateway listens, and introspection of its schema');
