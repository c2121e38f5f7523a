import * as z from 'zod';
import {
  endpointHealthCheckSection,
  endpointsSection,
  loadBalancingSection,
  outlierDetectionSection,
  subgraphUrl,
} from './endpoints.ts';

import { mirrorSection, variantsSection } from './variants.ts';

const oneSubgraph = z
  .strictObject({
    url: subgraphUrl
      .optional()
      .describe('The URL of this subgraph, instead of the one in its schema or in the supergraph'),
    urls: endpointsSection.optional(),
    load_balancing: loadBalancingSection.optional(),
    outlier_detection: outlierDetectionSection.optional(),
    health_check: endpointHealthCheckSection.optional(),
    variants: variantsSection.optional(),
    mirror: mirrorSection.optional(),
  })
  .superRefine((subgraph, context) => {
    const refuse = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
    if (subgraph.url !== undefined && subgraph.urls !== undefined) refuse('urls', 'cannot be used together with `url`');
    const lists = [subgraph.urls, ...(subgraph.variants ?? []).map(({ urls }) => urls)];
    if (lists.some((urls) => (urls?.length ?? 0) > 1)) return;
    for (const key of ['load_balancing', 'outlier_detection', 'health_check'] as const) {
      if (subgraph[key] !== undefined) refuse(key, 'has no effect without several `urls`');
    }
  });

export const subgraphsSection = z.record(z.string(), oneSubgraph).describe('Settings of single subgraphs, by name');

export type SubgraphSection = z.output<typeof oneSubgraph>;

/** The settings of outliers where none are written. */
export const DEFAULT_OUTLIERS = outlierDetectionSection.parse({});
