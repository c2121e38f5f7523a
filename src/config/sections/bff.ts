import * as z from 'zod';
import { duration } from '../duration.ts';
import { openApiSection } from './bff-openapi.ts';

const hint = z
  .strictObject({
    max_age: duration.optional().describe('How long the value may be cached'),
    scope: z.enum(['public', 'private']).optional().describe('`private`: the value differs between users'),
    inherit: z.boolean().default(false).describe('Whether the value may be cached as long as its parent object'),
  })
  .describe('Like @cacheControl in a schema');

const cache = z
  .strictObject({
    enabled: z.boolean().default(true).describe('Whether the gateway caches responses; clients may cache them anyway'),
    max_bytes: z
      .int()
      .positive()
      .optional()
      .meta({
        default: 64 * 2 ** 20,
        description:
          'Most memory for cached responses. Does not apply with bff.redis; with response_cache.enabled, use response_cache.max_bytes',
      }),
    hints: z
      .record(z.string().regex(/^[_A-Za-z]\w*(\.[_A-Za-z]\w*)?$/, 'expected "Type" or "Type.field"'), hint)
      .default({})
      .describe('How long fields may be cached, by "Type" or "Type.field"'),
  })
  .describe('Cached responses of GET endpoints');

const compression = z
  .strictObject({
    enabled: z.boolean().default(true),
    threshold: z.int().positive().default(1_024).describe('Responses with fewer bytes are not compressed'),
  })
  .describe('Compression of responses with Brotli or gzip, for clients that accept it');

const errorStatus = z
  .record(z.string().min(1), z.int().min(400, 'expected 400 to 599').max(599, 'expected 400 to 599'))
  .describe(
    'HTTP statuses of endpoints for errors of a source, by error code (`OUT_OF_STOCK: 409`) or by the HTTP status of a REST API (`"401": 401`); they override the built-in ones',
  );

export const bffSection = z
  .strictObject({
    cache: cache.prefault({}),
    compression: compression.prefault({}),
    error_status: errorStatus.default({}),
    redis: z
      .boolean()
      .default(false)
      .describe('Whether cached responses and idempotency keys are in store.redis, shared by all machines'),
    docs: z
      .boolean()
      .optional()
      .describe(
        'Whether /bff/docs and /bff/openapi.json are served. Default: true, but false with NODE_ENV=production or limits.hide_schema_details',
      ),
    openapi: openApiSection.prefault({}),
    purge_token: z
      .string()
      .min(16, 'expected at least 16 characters')
      .optional()
      .describe(
        'The token that allows purging cached responses: POST /bff/purge, `headgate cache purge`. Without it the route does not exist',
      ),
  })
  .describe('Endpoints for single clients');
