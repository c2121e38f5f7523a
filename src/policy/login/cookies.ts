import type { IncomingMessage } from 'node:http';

/**
 * What the names of all cookies of login begin with. With `__Host-` before it a browser takes the cookie only over HTTPS,
 * for this host alone and for all of its paths, so that no sibling domain can plant one (RFC 6265bis, section 4.1.3.2).
 */
const OWN = 'headgate-';
const HOST_PREFIX = '__Host-';

export function cookieName(name: string, secure: boolean): string {
  return `${secure ? HOST_PREFIX : ''}${OWN}${name}`;
}

/** How a site's cookies are set. */
export interface CookieSite {
  /** Whether cookies are for HTTPS alone. */
  readonly secure: boolean;
  /** Paths to which cookies go. */
  readonly cookiePath: string;
}

/** `value` empty: the cookie goes away. */
export function setCookie(name: string, value: string, { secure, cookiePath }: CookieSite, maxAgeMs?: number): string {
  const seconds = value === '' ? 0 : maxAgeMs && Math.ceil(maxAgeMs / 1000);
  const age = seconds === undefined ? '' : `; Max-Age=${seconds}`;
  return `${name}=${value}; Path=${cookiePath}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}${age}`;
}

/** The cookies of login that a request has, by name, in the order in which the browser sent them: oldest first. */
export type Cookies = ReadonlyMap<string, string>;

const NONE: Cookies = new Map();

/**
 * Takes the cookies of login out of a request, so that no subgraph and no endpoint gets to see them. One that is there
 * twice with different values counts as absent: it cannot be told which of them was planted.
 */
export function takeCookies({ headers }: IncomingMessage): Cookies {
  const { cookie } = headers;
  if (cookie?.includes(OWN) !== true) return NONE;
  const own = new Map<string, string>();
  const doubtful = new Set<string>();
  const others: string[] = [];
  for (const pair of cookie.split(';')) {
    const mark = pair.indexOf('=');
    const name = pair.slice(0, Math.max(mark, 0)).trim();
    if (!isOwn(name)) {
      others.push(pair.trim());
      continue;
    }
    const value = pair.slice(mark + 1).trim();
    if (own.has(name) && own.get(name) !== value) doubtful.add(name);
    own.set(name, value);
  }
  for (const name of doubtful) own.delete(name);
  if (others.length > 0) headers.cookie = others.join('; ');
  else delete headers.cookie;
  return own;
}

/** Whether a `Set-Cookie` of somebody else would set a cookie of login, also one without a name that a browser sends like it. */
export function isOwnCookie(setCookie: string): boolean {
  return isOwn(setCookie.replace(/^[\s=]+/, ''));
}

function isOwn(name: string): boolean {
  return name.startsWith(OWN) || name.startsWith(HOST_PREFIX + OWN);
}
