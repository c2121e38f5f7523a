import { keyPart } from '../policy/rate-limits/keys.ts';
import type { ClientContext } from '../sources/source.ts';

/** Returns a text that is equal for requests that agree in something; `undefined` for requests that do not have it. */
export type RequestKey = (client: ClientContext) => string | undefined;

/** What `keyPart` returns for a request without the claim, header or address. */
const NONE = '-';

/** @param by `client`, `user`, `ip`, `header:NAME`, `claim:NAME` or `cookie:NAME` */
export function requestKey(by: string): RequestKey {
  if (by.startsWith('cookie:')) return cookieReader(by.slice('cookie:'.length));
  const part = keyPart(by);
  return (client) => {
    const key = part(client, undefined);
    return key === NONE ? undefined : key;
  };
}

/** Reads the first cookie with a name. */
export function cookieReader(name: string): RequestKey {
  const start = `${name}=`;
  return ({ headers: { cookie } }) => {
    if (typeof cookie !== 'string') return undefined;
    for (const pair of cookie.split(';')) {
      const text = pair.trim();
      if (text.startsWith(start)) return text.slice(start.length);
    }
    return undefined;
  };
}
