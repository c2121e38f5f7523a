import * as z from 'zod';
import { isOwnPath } from './path-prefix.ts';
import { isAddressRange } from './trusted-proxies.ts';

const range = z
  .string()
  .refine(isAddressRange, 'expected an address or a range, such as "10.0.0.0/8", "192.0.2.7" or "2001:db8::/32"');

const lists = {
  allow: z.array(range).default([]).describe('Only these addresses may call; empty: all'),
  deny: z.array(range).default([]).describe('These may not call, even if `allow` has them'),
};

const ALWAYS_ANSWERED = new Set(['/health', '/healthcheck', '/ready', '/readiness']);

/** Lists for a path that the gateway does not have would protect nothing. */
function mistakeOf(path: string): string | undefined {
  if (ALWAYS_ANSWERED.has(path)) return 'this path answers everybody, so that lists for it have no effect';
  if (path === '/' || isOwnPath(path)) return undefined;
  return 'the gateway has no such path; expected "/graphql", "/bff/CLIENT" or what is below them, without `path_prefix`';
}

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
      .superRefine((routes, context) => {
        for (const path of Object.keys(routes)) {
          const message = mistakeOf(path);
          if (message !== undefined) context.addIssue({ code: 'custom', path: [path], message });
        }
      })
      .default({})
      .describe('More lists for a path and what is below it; the longest path that fits counts'),
  })
  .describe('Who may ask at all, by address; anybody else is answered 403. /health and /ready answer everybody');

export type IpListsConfig = z.output<typeof ipListsSection>;
