import * as z from 'zod';

export const includeSubgraphErrorsSection = z
  .strictObject({
    all: z
      .boolean()
      .optional()
      .describe(
        'Whether clients see the messages of subgraph errors. Default: true, but false with NODE_ENV=production',
      ),
    subgraphs: z.record(z.string(), z.boolean()).default({}).describe('Settings of single subgraphs, over `all`'),
  })
  .describe('Whether clients see the error messages of subgraphs');

export type IncludeSubgraphErrors = z.output<typeof includeSubgraphErrorsSection>;

/** Whether clients see the error messages of a subgraph; `byDefault` applies without a setting. */
export function includesErrorsOf(setting: IncludeSubgraphErrors, subgraph: string, byDefault: boolean): boolean {
  const own = Object.hasOwn(setting.subgraphs, subgraph) ? setting.subgraphs[subgraph] : undefined;
  return own ?? setting.all ?? byDefault;
}
