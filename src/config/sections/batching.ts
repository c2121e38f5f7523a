import * as z from 'zod';

export const batchingSection = z
  .strictObject({
    enabled: z.boolean().default(false),
    mode: z
      .enum(['batch_http_link'])
      .default('batch_http_link')
      .describe('An array of operations in one POST, as the batch link of Apollo Client sends it'),
    maximum_size: z.int().positive().default(10).describe('Most operations of one batch'),
  })
  .describe('Several operations in one HTTP request; limits and policies apply to each operation');
