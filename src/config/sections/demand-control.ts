import * as z from 'zod';

const most = z.number().nonnegative();
const mostOfSubgraph = most.describe('The most that the part of an operation may cost that the subgraph answers');

const subgraphs = z
  .strictObject({
    all: z.strictObject({ max: mostOfSubgraph.optional() }).optional().describe('For every subgraph that is not named'),
    subgraphs: z.record(z.string(), z.strictObject({ max: mostOfSubgraph })).default({}),
  })
  .describe('The most that the part of an operation may cost that one subgraph answers');

const staticEstimated = z
  .strictObject({
    max: most.optional().describe('The most that an operation may cost; more is answered COST_ESTIMATED_TOO_EXPENSIVE'),
    list_size: z
      .int()
      .nonnegative()
      .default(10)
      .describe('How many items a list is taken to have where @listSize does not say'),
    subgraph: subgraphs.prefault({}),
  })
  .describe('Costs as estimated before anything is fetched');

export const demandControlSection = z
  .strictObject({
    enabled: z.boolean().default(false).describe('Whether the cost of operations is estimated'),
    mode: z
      .enum(['measure', 'enforce'])
      .default('measure')
      .describe('measure: operations that cost too much are logged and answered; enforce: they are refused'),
    strategy: z.strictObject({ static_estimated: staticEstimated.prefault({}) }).prefault({}),
    actual_cost: z
      .boolean()
      .default(false)
      .describe(
        'Whether what each answer did cost is worked out as well, for the log (at debug) and where it is exposed',
      ),
    expose: z
      .boolean()
      .default(false)
      .describe(
        'Whether responses have the costs, in extensions.cost and in the headers x-cost-estimated and x-cost-actual',
      ),
  })
  .describe('What operations may cost, by @cost and @listSize');

export type DemandControlSettings = z.output<typeof demandControlSection>;
