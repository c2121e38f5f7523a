import * as z from 'zod';
import { isOwnPath } from './path-prefix.ts';
import { isAddressRange } from './trusted-proxies.ts';

const range = z
  .string()
  .refine(isAddressRange, 'expected an address or a range, such as "10.0.0.0/8", "192.0.2.7" or "2001:db8::/32"');

const lists = {
  allow: z.array(range).default([]).describe('Allowed addresses; empty allows all'),
  deny: z.array(range).default([]).describe('Denied addresses, even if they are in `allow`'),
};

const NEVER_FILTERED = new Set(['/health', '/healthcheck', '/ready', '/readiness']);

/** Returns why lists for a path have no effect: for a path that the gateway does not have, they would protect nothing. */
function mistakeOf(path: string): string | undefined {
  if (NEVER_FILTERED.has(path)) return 'this path is open to everybody, so lists for it have no effect';
  if (path === '/' || isOwnPath(path)) return undefined;
  return 'the gateway has no such path; expected "/graphql", "/bff/CLIENT" or what is below them, without `path_prefix`';
}

export const ipListsSection = z
  .strictObject({
    ...lists,
    admin: z
      .strictObject(lists)
      .prefault({})
      .describe('Addresses for the admin listener (admin.listen); the other lists do not apply to it'),
    routes: z
      .record(z.string().startsWith('/', 'expected a path such as "/graphql" or "/bff/web"'), z.strictObject(lists))
      .superRefine((routes, context) => {
        for (const path of Object.keys(routes)) {
          const message = mistakeOf(path);
          if (message !== undefined) context.addIssue({ code: 'custom', path: [path], message });
        }
      })
      .default({})
      .describe('Additional lists for a path and everything below it; the longest matching path applies'),
  })
  .describe('Client addresses that may use the gateway; others get 403. /health and /ready are open to everybody');

export type IpListsConfig = z.output<typeof ipListsSection>;
