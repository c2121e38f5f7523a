import * as z from 'zod';
import { duration } from '../duration.ts';
import { share } from '../share.ts';

const names = z.array(z.string().min(1)).default([]);

const priority = z
  .strictObject({
    share: share
      .prefault('20%')
      .refine((value) => value < 1, 'expected less than "100%": other requests need a part of the limit, too')
      .describe('The part of the limit that only mutations and prioritised clients may use'),
    clients: names.describe('Owners of API keys and OAuth clients (`client_id`, `azp`) whose requests have priority'),
    plans: names.describe('Plans of API keys whose requests have priority'),
    scopes: names.describe('Requests whose credentials have one of these scopes have priority'),
  })
  .describe('Which requests are refused last, beside mutations; clients are known by verified credentials only');

export const adaptiveConcurrency = z
  .strictObject({
    enabled: z.boolean().default(true).describe('Whether the limit is on; without the section it is off'),
    target_delay: duration
      .prefault('20ms')
      .describe('The delay of the event loop up to which the limit grows; if it stays longer, the limit shrinks'),
    min: z.int().positive().default(20).describe('The least limit'),
    max: z.int().positive().default(10_000).describe('The largest limit, with which the process starts'),
    priority: priority.prefault({}),
  })
  .refine(({ min, max }) => min <= max, { path: ['max'], message: 'expected at least `min`, which is 20 by default' })
  .optional()
  .describe(
    'Limits requests in progress, for each process: the limit follows the delay of the event loop. Further requests get 503 OVERLOADED. Default: off',
  );
