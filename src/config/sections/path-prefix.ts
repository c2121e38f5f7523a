import * as z from 'zod';

/** Where the gateway's own routes begin: a prefix that is one of them could not be told from it. */
const OWN = new Set(['bff', 'demo', 'graphql', 'health', 'healthcheck', 'ready', 'readiness']);

/** Whether a path, without the prefix, is one of the gateway's own routes or below one. */
export function isOwnPath(path: string): boolean {
  return OWN.has(path.split('/')[1] ?? '');
}

export const pathPrefixSection = z
  .string()
  .regex(/^(?:\/[\w~-][\w.~-]*)+$/, 'expected a path such as "/shop-api", without a slash at its end')
  .refine((prefix) => !isOwnPath(prefix), 'it begins like a route of the gateway; choose another one')
  .describe(
    'Where a proxy shows the gateway, such as "/shop-api": all routes are served below it, and links begin with it',
  );
