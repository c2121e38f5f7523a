import * as z from 'zod';

const oneSubgraph = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, message: 'expected an http:// or https:// URL' })
    .optional()
    .describe('Where this subgraph is reached, instead of the URL in its schema or in the supergraph'),
});

export const subgraphsSection = z.record(z.string(), oneSubgraph).describe('Settings of single subgraphs, by name');
