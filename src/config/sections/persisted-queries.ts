import * as z from 'zod';
import { duration } from '../duration.ts';

const safelist = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .describe('Whether only operations of the manifests are allowed; apq is off then'),
    require_id: z
      .boolean()
      .default(false)
      .describe('Whether requests must send the id of an operation instead of its text'),
  })
  .refine(({ enabled, require_id }) => enabled || !require_id, {
    path: ['require_id'],
    message: 'needs `enabled: true` beside it',
  });

export const persistedQueriesSection = z
  .strictObject({
    enabled: z.boolean().default(false).describe('Whether requests may send the id of an operation of the manifests'),
    manifest: z
      .array(z.string().min(1))
      .default([])
      .describe('Files in the formats of Apollo or Relay, and folders of .graphql files (their id is the SHA-256)'),
    safelist: safelist.prefault({}),
    log_unknown: z.boolean().default(false).describe('Whether operations that are not in the manifests are logged'),
  })
  .refine(({ safelist, enabled }) => enabled || !safelist.enabled, {
    path: ['safelist', 'enabled'],
    message: 'needs `persisted_queries.enabled: true`',
  })
  .describe('Operations that are registered in advance; endpoints under /bff need not be listed');

export const apqSection = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe('Whether clients may register a query under its SHA-256 by sending it once'),
    store: z
      .enum(['memory', 'redis'])
      .optional()
      .describe('Where queries are stored. Default: redis if store.redis is set, else memory'),
    ttl: duration.prefault('1d').describe('How long Redis stores a query after it was last sent'),
    max_bytes: z
      .int()
      .positive()
      .default(20_000_000)
      .describe('Most bytes of stored queries: in the memory of each process, and in Redis'),
    max_document_bytes: z.int().positive().default(100_000).describe('A longer query is executed, but not stored'),
  })
  .describe('Automatic persisted queries');

export type PersistedQueriesConfig = z.output<typeof persistedQueriesSection>;
export type ApqConfig = z.output<typeof apqSection>;
