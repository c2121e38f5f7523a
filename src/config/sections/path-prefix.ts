import * as z from 'zod';

/** Where the gateway's own routes begin: a prefix that is one of them could not be told from it. */
const OWN = new Set(['bff', 'demo', 'graphql', 'health', 'healthcheck', 'ready', 'readiness']);

export const pathPrefixSection = z
  .string()
  .regex(/^(?:\/[\w~-][\w.~-]*)+$/, 'expected a path such as "/shop-api", without a slash at its end')
  .refine((prefix) => !OWN.has(prefix.split('/')[1] ?? ''), 'it begins like a route of the gateway; choose another one')
  .describe(
    'Where a proxy shows the gateway, such as "/shop-api": all routes are served below it, and links begin with it',
  );
