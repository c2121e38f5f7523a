import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { isLoopback } from '../../config/sections/login.ts';
import { cookieName } from './cookies.ts';

/** How one client's endpoints look to browsers. */
export interface Site {
  /** `https://shop.example` */
  readonly origin: string;
  /** Whether cookies are for HTTPS alone. */
  readonly secure: boolean;
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
export function siteFinder(client: string, publicUrl: string | undefined): FindSite {
  if (publicUrl !== undefined) {
    const site = siteAt(client, publicUrl);
    return () => site;
  }
  let latest: Site | undefined;
  return (req) => {
    const origin = `${(req.socket as TLSSocket).encrypted ? 'https' : 'http'}://${req.headers.host ?? ''}`;
    if (latest?.origin === origin) return latest;
    if (!URL.canParse(origin)) return undefined;
    const url = new URL(origin);
    if (!isLoopback(url.hostname)) return undefined;
    latest = siteAt(client, url.origin);
    return latest;
  };
}

function siteAt(client: string, origin: string): Site {
  const secure = origin.startsWith('https:');
  return {
    origin,
    secure,
    sessionCookie: cookieName(client, secure),
    redirectUri: `${origin}/bff/${client}/callback`,
  };
}
