import type { IncomingHttpHeaders } from 'node:http';
import { isMediaType } from '../../client/media-type.ts';
import type { CsrfConfig } from '../../config/sections/csrf.ts';

/** Content types that a browser sends to another site without a preflight. */
const FORM_TYPES = ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain'];

/**
 * Whether these headers exclude a cross-site request that a browser sends without a preflight. A `POST` to /graphql needs no
 * such check: it must have a JSON body, and browsers send a preflight for that content type.
 * @see https://fetch.spec.whatwg.org/#cors-safelisted-request-header
 */
export type CsrfCheck = (headers: IncomingHttpHeaders) => boolean;

/** Creates the check; `undefined` if it is disabled. */
export function createCsrfCheck({ unsafe_disabled, required_headers }: CsrfConfig): CsrfCheck | undefined {
  if (unsafe_disabled) return undefined;
  return (headers) => {
    if (required_headers.some((name) => headers[name] !== undefined)) return true;
    const type = headers['content-type'];
    if (type !== undefined && !isFormType(type)) return true;
    const site = headers['sec-fetch-site'];
    // the user entered the address, or the page is same-origin; pages cannot set this header
    if (site === 'same-origin' || site === 'none') return true;
    return !mayBeBrowser(headers);
  };
}

/** Headers that a browser sends to another site only after a preflight: those of logins and of idempotent requests. */
const CUSTOM_HEADERS = ['x-csrf', 'idempotency-key'];

/**
 * Whether a `POST` to an endpoint may be a cross-site request without a preflight. An endpoint may take all its input from the
 * URL, so the body says nothing: it may be empty, whatever its content type.
 */
export function mayBeCrossSitePost(headers: IncomingHttpHeaders, check: CsrfCheck): boolean {
  if (CUSTOM_HEADERS.some((name) => headers[name] !== undefined)) return false;
  // browsers add passwords by themselves, but never a bearer token
  if (headers.authorization !== undefined && /^bearer /i.test(headers.authorization)) return false;
  return !check(headers);
}

function isFormType(type: string): boolean {
  const [essence = ''] = type.split(';');
  const name = essence.trim().toLowerCase();
  // an invalid type is not trusted either: some browsers read `text/plain, a/b` as `text/plain`
  return FORM_TYPES.includes(name) || !isMediaType(name);
}

/**
 * Whether a browser may have sent the request. Every browser calls itself Mozilla, and a page can only change that after a
 * preflight. Headers that browsers add are a sign, too. Other programs are not controlled by web pages.
 */
function mayBeBrowser(headers: IncomingHttpHeaders): boolean {
  const agent = headers['user-agent'];
  if (agent === undefined || agent.startsWith('Mozilla/')) return true;
  return headers.origin !== undefined || headers.cookie !== undefined || headers['sec-fetch-site'] !== undefined;
}
