import * as z from 'zod';

const oneSubgraph = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, message: 'expected an http:// or https:// URL' })
    .optional()
    .describe('The URL of this subgraph, instead of the one in its schema or in the supergraph'),
});

export const subgraphsSection = z.record(z.string(), oneSubgraph).describe('Settings of single subgraphs, by name');
