import type { IncomingMessage } from 'node:http';

/**
 * The prefix of the names of all login cookies. With `__Host-` before it, browsers accept the cookie only over HTTPS, for this
 * host and all its paths, so that no sibling domain can set one (RFC 6265bis, section 4.1.3.2).
 */
const OWN = 'headgate-';
const HOST_PREFIX = '__Host-';

export function cookieName(name: string, secure: boolean): string {
  return `${secure ? HOST_PREFIX : ''}${OWN}${name}`;
}

/** The attributes of a site's cookies. */
export interface CookieSite {
  /** Whether cookies are sent over HTTPS only. */
  readonly secure: boolean;
  /** The path that cookies are sent to. */
  readonly cookiePath: string;
}

/** Formats `Set-Cookie`. An empty value deletes the cookie. */
export function setCookie(name: string, value: string, { secure, cookiePath }: CookieSite, maxAgeMs?: number): string {
  const seconds = value === '' ? 0 : maxAgeMs && Math.ceil(maxAgeMs / 1000);
  const age = seconds === undefined ? '' : `; Max-Age=${seconds}`;
  return `${name}=${value}; Path=${cookiePath}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}${age}`;
}

/** The login cookies of a request by name, in the browser's order: oldest first. */
export type Cookies = ReadonlyMap<string, string>;

const NONE: Cookies = new Map();

/**
 * Removes the login cookies from a request, so that no subgraph and no endpoint sees them, and returns them. A cookie with two
 * different values counts as absent, since either may have been set by another site.
 */
export function takeCookies({ headers }: IncomingMessage): Cookies {
  const { cookie } = headers;
  if (cookie?.includes(OWN) !== true) return NONE;
  const own = new Map<string, string>();
  const ambiguous = new Set<string>();
  const others: string[] = [];
  for (const pair of cookie.split(';')) {
    const mark = pair.indexOf('=');
    const name = pair.slice(0, Math.max(mark, 0)).trim();
    if (!isOwn(name)) {
      others.push(pair.trim());
      continue;
    }
    const value = pair.slice(mark + 1).trim();
    if (own.has(name) && own.get(name) !== value) ambiguous.add(name);
    own.set(name, value);
  }
  for (const name of ambiguous) own.delete(name);
  if (others.length > 0) headers.cookie = others.join('; ');
  else delete headers.cookie;
  return own;
}

/** Whether a `Set-Cookie` from a subgraph would set a login cookie, including nameless cookies that browsers send like one. */
export function isLoginCookie(setCookie: string): boolean {
  return isOwn(setCookie.replace(/^[\s=]+/, ''));
}

function isOwn(name: string): boolean {
  return name.startsWith(OWN) || name.startsWith(HOST_PREFIX + OWN);
}
