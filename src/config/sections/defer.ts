import * as z from 'zod';

export const deferSection = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe(
        'Whether clients may use `@defer` and `@stream`, and get parts of a result after the rest if they accept that',
      ),
  })
  .describe('Incremental delivery of query results');
