import * as z from 'zod';

const EXPECTED = 'expected an http:// or https:// URL';

/**
 * Returns the schema of the URL of a server. Credentials in it are refused, since they could not be sent.
 * @param instead says where they belong: `headers`
 */
export function httpUrl(instead: string) {
  return z
    .url({ protocol: /^https?$/, message: EXPECTED })
    .refine(hasNoCredentials, `expected a URL without user name and password; set ${instead} instead`);
}

/** Returns whether a URL has neither a user name nor a password. A text that is no URL has none. */
export function hasNoCredentials(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url === undefined || (url.username === '' && url.password === '');
}

/** Whether a text is a URL of HTTP or HTTPS. */
export function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}
