import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { isLoopback } from '../../config/sections/login.ts';
import { type CookieSite, cookieName } from './cookies.ts';

/** The URL and cookies of one client's site, as browsers see them. */
export interface Site extends CookieSite {
  /** `https://shop.example` */
  readonly origin: string;
  /** Distinguishes its cookies from those of other clients, and of other gateways on the same host. */
  readonly name: string;
  /** The name of the session cookie. */
  readonly sessionCookie: string;
  /** The URL to which the provider redirects browsers. */
  readonly redirectUri: string;
}

/** Returns the site of a request; `undefined` if its host is not allowed. */
export type FindSite = (req: IncomingMessage) => Site | undefined;

/**
 * Creates a function that finds a request's site: the one at `public_url`; without `public_url`, as in development, any loopback
 * host name. Other host names are rejected, since clients can send any.
 */
export function siteFinder(client: string, publicUrl: string | undefined, prefix: string): FindSite {
  if (publicUrl !== undefined) {
    const site = siteAt(client, publicUrl, prefix);
    return () => site;
  }
  let latest: Site | undefined;
  return (req) => {
    const origin = `${(req.socket as TLSSocket).encrypted ? 'https' : 'http'}://${req.headers.host ?? ''}`;
    if (latest?.origin === origin) return latest;
    if (!URL.canParse(origin)) return undefined;
    const url = new URL(origin);
    if (!isLoopback(url.hostname)) return undefined;
    latest = siteAt(client, url.origin, prefix);
    return latest;
  };
}

function siteAt(client: string, origin: string, prefix: string): Site {
  const secure = origin.startsWith('https:');
  const name = prefix === '' ? client : `${prefix.slice(1).replaceAll('/', '.')}.${client}`;
  return {
    origin,
    secure,
    name,
    // __Host- cookies must have the path "/" (RFC 6265bis, section 4.1.3.2)
    cookiePath: secure || prefix === '' ? '/' : prefix,
    sessionCookie: cookieName(name, secure),
    redirectUri: `${origin}${prefix}/bff/${client}/callback`,
  };
}
