import type { IncomingMessage } from 'node:http';

/**
 * Removes the path prefix of a proxy from the URL of a request, so that routes do not depend on it. Leaves a path without the
 * prefix alone: the proxy has removed it, or a probe does not use the proxy.
 *
 * In:  `/shop-api/graphql?query=…` with the prefix `/shop-api`
 * Out: `/graphql?query=…`
 */
export function removePathPrefix(req: IncomingMessage, prefix: string): void {
  const { url = '/' } = req;
  if (!url.startsWith(prefix)) return;
  const rest = url.slice(prefix.length);
  if (rest === '' || rest.startsWith('?')) req.url = `/${rest}`;
  else if (rest.startsWith('/')) req.url = rest;
}
