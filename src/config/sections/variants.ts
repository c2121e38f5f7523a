import * as z from 'zod';
import { share } from '../share.ts';
import { endpointsSection, subgraphUrl } from './endpoints.ts';

const condition = (what: string) =>
  z
    .strictObject({
      name: z
        .string()
        .regex(/^[^\s:;=]+$/, `expected the name of a ${what}`)
        .describe(`The name of the ${what}`),
      value: z.string().optional().describe('Its value; left out: any value'),
    })
    .optional();

const variant = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9_.-]{1,64}$/, 'expected letters, digits, "_", "." and "-"')
      .describe('Its name in metrics'),
    urls: endpointsSection,
    weight: share
      .optional()
      .describe('The share of users that it gets, such as "5%". The same user always gets the same'),
    match: z
      .strictObject({ header: condition('header'), cookie: condition('cookie'), claim: condition('claim') })
      .refine(
        (match) => Object.values(match).some((one) => one !== undefined),
        'expected `header`, `cookie` or `claim`',
      )
      .optional()
      .describe('Only requests that have all of these. With `weight`: a share of their users'),
  })
  .refine(({ weight, match }) => weight !== undefined || match !== undefined, {
    path: ['weight'],
    message: 'is needed, or `match`: otherwise no request goes to the variant',
  });

/** Variants of a subgraph, such as a new version for some users. */
export const variantsSection = z
  .array(variant)
  .min(1)
  .superRefine((variants, context) => {
    const names = new Set<string>(['base']);
    let sum = 0;
    for (const [at, { name, weight = 0, match }] of variants.entries()) {
      if (names.has(name)) context.addIssue({ code: 'custom', path: [at, 'name'], message: 'is used already' });
      names.add(name);
      if (match !== undefined && sum > 1 - 1e-9)
        context.addIssue({
          code: 'custom',
          path: [at, 'match'],
          message: 'gets no request: the variants before it have all of them; move it before them',
        });
      if (match === undefined) sum += weight;
      if (match === undefined && sum > 1 + 1e-9)
        context.addIssue({
          code: 'custom',
          path: [at, 'weight'],
          message: 'makes the sum of all weights more than 100%',
        });
    }
  })
  .describe(
    'Other versions of the subgraph, such as a new one, for some requests; the first that accepts a request gets it',
  );

export type VariantSection = z.output<typeof variant>;

export const mirrorSection = z
  .strictObject({
    url: subgraphUrl.describe('Gets a copy of reads. Its responses are compared and thrown away'),
    share: share.prefault('100%').describe('The share of reads that is sent to `url` too'),
  })
  .describe('Copies reads to another URL, to try it with real requests');
