import * as z from 'zod';

/** First segments of the gateway's own routes. A prefix that equals one would be ambiguous. */
const OWN = new Set(['bff', 'demo', 'graphql', 'health', 'healthcheck', 'ready', 'readiness']);

/** Whether a path, without the prefix, belongs to the gateway's own routes. */
export function isOwnPath(path: string): boolean {
  return OWN.has(path.split('/')[1] ?? '');
}

export const pathPrefixSection = z
  .string()
  .regex(/^(?:\/[\w~-][\w.~-]*)+$/, 'expected a path such as "/shop-api", without a slash at its end')
  .refine((prefix) => !isOwnPath(prefix), 'it begins like a route of the gateway; choose another one')
  .describe(
    'The path prefix that a proxy adds, such as "/shop-api": all routes are served below it, and links begin with it',
  );
