import type { IncomingMessage } from 'node:http';

/**
 * Takes the prefix under which a proxy shows the gateway off the path of a request, so that routes are chosen without it.
 * A path without it stays: the proxy has taken it off, or it is a probe that does not come through the proxy.
 *
 * In:  `/shop-api/graphql?query=…` with the prefix `/shop-api`
 * Out: `/graphql?query=…`
 */
export function takeOffPrefix(req: IncomingMessage, prefix: string): void {
  const { url = '/' } = req;
  if (!url.startsWith(prefix)) return;
  const rest = url.slice(prefix.length);
  if (rest === '' || rest.startsWith('?')) req.url = `/${rest}`;
  else if (rest.startsWith('/')) req.url = rest;
}
