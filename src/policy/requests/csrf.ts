import type { IncomingHttpHeaders } from 'node:http';
import { isMediaType } from '../../client/media-type.ts';
import type { CsrfConfig } from '../../config/sections/csrf.ts';

/** Content types that a form of any page may send without the browser asking first. */
const FORM_TYPES = ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain'];

/**
 * Whether a request with these headers cannot be one that a page of another site made a browser send. A `POST` to /graphql
 * needs no such check: without a JSON body it asks for nothing, and browsers ask before they send one with that content type.
 * @see https://fetch.spec.whatwg.org/#cors-safelisted-request-header
 */
export type CsrfCheck = (headers: IncomingHttpHeaders) => boolean;

/** `undefined` where it is switched off. */
export function createCsrfCheck({ unsafe_disabled, required_headers }: CsrfConfig): CsrfCheck | undefined {
  if (unsafe_disabled) return undefined;
  return (headers) => {
    if (required_headers.some((name) => headers[name] !== undefined)) return true;
    const type = headers['content-type'];
    if (type !== undefined && !isFormType(type)) return true;
    const site = headers['sec-fetch-site'];
    // the user typed the address, or a page of our own asks; no page can write this header
    if (site === 'same-origin' || site === 'none') return true;
    return !mayBeBrowser(headers);
  };
}

/** Headers that no browser sends for another site's page without asking first: of logins, and of requests done once. */
const OWN_HEADERS = ['x-csrf', 'idempotency-key'];

/**
 * Whether a `POST` to an endpoint may be one that a page of another site made a browser send. An endpoint may take all it needs
 * from the URL, so that a body counts for nothing: it may be empty, however it is announced.
 */
export function mayBeCrossSitePost(headers: IncomingHttpHeaders, check: CsrfCheck): boolean {
  if (OWN_HEADERS.some((name) => headers[name] !== undefined)) return false;
  // of its own account a browser adds passwords, and never a token
  if (headers.authorization !== undefined && /^bearer /i.test(headers.authorization)) return false;
  return !check(headers);
}

function isFormType(type: string): boolean {
  const [essence = ''] = type.split(';');
  const name = essence.trim().toLowerCase();
  // a type that is none at all is not trusted either: of `text/plain, a/b`, browsers have read `text/plain`
  return FORM_TYPES.includes(name) || !isMediaType(name);
}

/**
 * Every browser calls itself Mozilla, and asks first before a page may change that; what it adds of its own account
 * tells as well. Other programs are not led astray by pages.
 */
function mayBeBrowser(headers: IncomingHttpHeaders): boolean {
  const agent = headers['user-agent'];
  if (agent === undefined || agent.startsWith('Mozilla/')) return true;
  return headers.origin !== undefined || headers.cookie !== undefined || headers['sec-fetch-site'] !== undefined;
}
