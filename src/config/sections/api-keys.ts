import * as z from 'zod';
import { duration } from '../duration.ts';
import { headerName } from '../header.ts';

export const apiKeysSection = z
  .strictObject({
    header_name: headerName.prefault('x-api-key').describe('The header that holds the key'),
    header_value_prefix: z.string().default('').describe('The text before the key in the header, if any'),
    file: z.string().min(1).optional().describe('A file of keys, as `headgate keys` writes it; changes are picked up'),
    redis: z
      .boolean()
      .optional()
      .describe('Whether keys are stored in `store.redis`, as `headgate keys --redis` writes them'),
    cache: duration.prefault('10s').describe('How long the result of a look-up in Redis is cached'),
  })
  .refine(({ file, redis }) => (file === undefined) === (redis === true), 'expected either `file` or `redis: true`')
  .describe('API keys');

export type ApiKeySettings = z.output<typeof apiKeysSection>;
