import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { isLoopback } from '../../config/sections/login.ts';
import { type CookieSite, cookieName } from './cookies.ts';

/** How one client's endpoints look to browsers. */
export interface Site extends CookieSite {
  /** `https://shop.example` */
  readonly origin: string;
  /** What tells its cookies from those of other clients, and of other gateways of the same host. */
  readonly name: string;
  /** The name of the cookie that holds the session's id. */
  readonly sessionCookie: string;
  /** Where the provider sends browsers back to. */
  readonly redirectUri: string;
}

/** `undefined` for a request by whose host no site is known. */
export type FindSite = (req: IncomingMessage) => Site | undefined;

/**
 * The site at `public_url`; without one, as in development, whatever name of this machine the browser used. Other names
 * are not believed: what a request says of its host is not proved by anything.
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
    // names with __Host- are for the whole host, or browsers refuse them (RFC 6265bis, section 4.1.3.2)
    cookiePath: secure || prefix === '' ? '/' : prefix,
    sessionCookie: cookieName(name, secure),
    redirectUri: `${origin}${prefix}/bff/${client}/callback`,
  };
}
