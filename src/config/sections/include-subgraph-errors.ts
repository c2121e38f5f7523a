import { z } from 'zod';

export const includeSubgraphErrorsSection = z
  .strictObject({
    all: z.boolean().default(true).describe('Whether clients see the messages of subgraph errors'),
    subgraphs: z.record(z.string(), z.boolean()).default({}).describe('The same for one subgraph, over `all`'),
  })
  .describe('Which subgraphs may show their own error messages to clients');

export type IncludeSubgraphErrors = z.output<typeof includeSubgraphErrorsSection>;

/** Whether clients see the error messages of this subgraph. */
export function includesErrorsOf(setting: IncludeSubgraphErrors, subgraph: string): boolean {
  const own = Object.hasOwn(setting.subgraphs, subgraph) ? setting.subgraphs[subgraph] : undefined;
  return own ?? setting.all;
}
