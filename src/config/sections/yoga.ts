import * as z from 'zod';

export const yogaSection = z
  .strictObject({
    plugins: z
      .array(z.string().min(1))
      .default([])
      .describe(
        'Modules whose default export is a plugin of GraphQL Yoga or Envelop, or a list of them; paths are relative to the config file. ' +
          'All GraphQL requests go through Yoga then; equal queries in flight are shared if every plugin declares what it reads (dependsOn)',
      ),
  })
  .describe('GraphQL Yoga, which hosts /graphql');
