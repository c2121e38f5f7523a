import * as z from 'zod';
import { duration } from '../duration.ts';
import { openApiSection } from './bff-openapi.ts';

const hint = z
  .strictObject({
    max_age: duration.optional().describe('How long the value holds'),
    scope: z.enum(['public', 'private']).optional().describe('`private`: it is another one for each viewer'),
    inherit: z.boolean().default(false).describe('It holds as long as the object around it'),
  })
  .describe('As @cacheControl would say it in a schema');

const cache = z
  .strictObject({
    enabled: z.boolean().default(true).describe('Whether the gateway itself keeps answers; clients may do so anyway'),
    max_bytes: z
      .int()
      .positive()
      .default(64 * 2 ** 20)
      .describe('Most memory for kept answers. Does not count with bff.redis'),
    hints: z
      .record(z.string().regex(/^[_A-Za-z]\w*(\.[_A-Za-z]\w*)?$/, 'expected "Type" or "Type.field"'), hint)
      .default({})
      .describe('How long fields hold, by "Type" or "Type.field"'),
  })
  .describe('Kept answers of GET endpoints');

const compression = z
  .strictObject({
    enabled: z.boolean().default(true),
    threshold: z.int().positive().default(1_024).describe('Shorter answers, in bytes, are sent as they are'),
  })
  .describe('Answers in Brotli or gzip, for clients that take them');

const errorStatus = z
  .record(z.string().min(1), z.int().min(400, 'expected 400 to 599').max(599, 'expected 400 to 599'))
  .describe(
    'HTTP statuses of endpoints whose source reports an error, by its code (`OUT_OF_STOCK: 409`) or by the HTTP status of a REST API (`"401": 401`); they override the built-in ones',
  );

export const bffSection = z
  .strictObject({
    cache: cache.prefault({}),
    compression: compression.prefault({}),
    error_status: errorStatus.default({}),
    redis: z
      .boolean()
      .default(false)
      .describe('Keep answers and idempotency keys in store.redis, for all machines together'),
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
        'Who has it may purge kept answers: POST /bff/purge, `headgate cache purge`. Without it there is no such route',
      ),
  })
  .describe('Endpoints for single clients');
