import * as z from 'zod';
import { isAddressRange } from './trusted-proxies.ts';

const range = z
  .string()
  .refine(isAddressRange, 'expected an address or a range, such as "10.0.0.0/8", "192.0.2.7" or "2001:db8::/32"');

const lists = {
  allow: z.array(range).default([]).describe('Only these addresses may call; empty: all'),
  deny: z.array(range).default([]).describe('These may not call, even if `allow` has them'),
};

export const ipListsSection = z
  .strictObject({
    ...lists,
    admin: z
      .strictObject(lists)
      .prefault({})
      .describe(
        'Who may ask at the admin listener (telemetry.metrics.prometheus.listen); the other lists are not for it',
      ),
    routes: z
      .record(z.string().startsWith('/'), z.strictObject(lists))
      .default({})
      .describe('More lists for a path and what is below it; the longest path that fits counts'),
  })
  .describe('Who may ask at all, by address; anybody else is answered 403. /health and /ready answer everybody');

export type IpListsConfig = z.output<typeof ipListsSection>;
