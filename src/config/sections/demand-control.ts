import * as z from 'zod';

const most = z.number().nonnegative();
const mostOfSubgraph = most.describe('Maximum cost of the part of an operation that the subgraph resolves');

const subgraphs = z
  .strictObject({
    all: z
      .strictObject({ max: mostOfSubgraph.optional() })
      .optional()
      .describe('For every subgraph without its own setting'),
    subgraphs: z.record(z.string(), z.strictObject({ max: mostOfSubgraph })).default({}),
  })
  .describe('Maximum cost of the part of an operation that one subgraph resolves');

const staticEstimated = z
  .strictObject({
    max: most.optional().describe('Maximum cost of an operation; beyond it the error is COST_ESTIMATED_TOO_EXPENSIVE'),
    list_size: z.int().nonnegative().default(10).describe('Assumed number of items of a list without @listSize'),
    subgraph: subgraphs.prefault({}),
  })
  .describe('Cost estimates before anything is fetched');

export const demandControlSection = z
  .strictObject({
    enabled: z.boolean().default(false).describe('Whether the cost of operations is estimated'),
    mode: z
      .enum(['measure', 'enforce'])
      .default('measure')
      .describe('measure: operations that cost too much are logged and executed; enforce: they are rejected'),
    strategy: z.strictObject({ static_estimated: staticEstimated.prefault({}) }).prefault({}),
    actual_cost: z
      .boolean()
      .default(false)
      .describe('Whether the actual cost of each result is computed as well, for the log (at debug) and for `expose`'),
    expose: z
      .boolean()
      .default(false)
      .describe(
        'Whether responses have the costs, in extensions.cost and in the headers x-cost-estimated and x-cost-actual',
      ),
  })
  .describe('Limits on the cost of operations, from @cost and @listSize');

export type DemandControlSettings = z.output<typeof demandControlSection>;
