import type { IncomingHttpHeaders } from 'node:http';
import type { ClientSettings } from '../endpoints/client-file.ts';

type Rules = ClientSettings['headers']['request'];

/** Returns the headers of every response of a client's version; `undefined` where there are none. */
export function defaultHeadersOf(
  settings: ClientSettings,
  version: string | undefined,
): ReadonlyMap<string, string> | undefined {
  const headers = new Map(Object.entries(settings.headers.response.add));
  const { deprecated, sunset, link } = (version === undefined ? settings : settings.versions[version]) ?? {};
  // RFC 9745: a structured date, in seconds. RFC 8594: an HTTP date.
  if (deprecated !== undefined) headers.set('deprecation', `@${Math.floor(deprecated / 1000)}`);
  if (sunset !== undefined) headers.set('sunset', new Date(sunset).toUTCString());
  if (link !== undefined)
    headers.set('link', `<${link}>; rel="${deprecated === undefined ? 'sunset' : 'deprecation'}"`);
  return headers.size === 0 ? undefined : headers;
}

/** Returns the request headers that sources receive; the same object where no rule applies. */
export function requestHeaders(rules: Rules, headers: IncomingHttpHeaders): IncomingHttpHeaders {
  if (rules.strip.length === 0 && isEmpty(rules.add)) return headers;
  const changed = { ...headers };
  for (const name of rules.strip) delete changed[name];
  for (const [name, value] of Object.entries(rules.add)) changed[name] = value;
  return changed;
}

function isEmpty(record: Readonly<Record<string, string>>): boolean {
  for (const _ in record) return false;
  return true;
}
