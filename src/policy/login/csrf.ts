import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Session } from './session.ts';
import type { Site } from './site.ts';

/** The header that pages of the site send with unsafe requests. */
const CSRF_HEADER = 'x-csrf';

export interface CsrfRules {
  /** `token`: the header must have the session's token; `header`: the value `1` is enough. */
  readonly csrf: 'header' | 'token';
  readonly allowedOrigins: ReadonlySet<string>;
}

/**
 * Checks an unsafe request with a session cookie against cross-site request forgery. Returns the problem; `undefined` for a
 * request from an allowed page, or a safe request. A page of another origin cannot send a custom header without a CORS
 * preflight, and browsers report the origin of requests.
 * @see https://www.ietf.org/archive/id/draft-ietf-oauth-browser-based-apps-26.html#section-6.1.3.3
 */
export function csrfProblem(req: IncomingMessage, session: Session, site: Site, rules: CsrfRules): string | undefined {
  const { method, headers } = req;
  if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return undefined;
  const { origin, [CSRF_HEADER]: sent } = headers;
  const allowed = origin !== undefined && rules.allowedOrigins.has(origin);
  if (origin !== undefined && origin !== site.origin && !allowed) {
    return `Pages of ${origin} may not send this request; pages of ${site.origin} may.`;
  }
  const from = headers['sec-fetch-site'];
  if (from !== undefined && from !== 'same-origin' && !allowed)
    return 'The request was sent by a page of another site.';
  if (sent === '1' && rules.csrf === 'header') return undefined;
  if (isToken(sent, session)) return undefined;
  const value = rules.csrf === 'header' ? '1' : 'the token `csrf` from /me';
  return `Unsafe requests with a session need the header ${CSRF_HEADER}: ${value}.`;
}

export function isToken(sent: string | readonly string[] | null | undefined, { csrf }: Session): boolean {
  if (typeof sent !== 'string') return false;
  const [left, right] = [Buffer.from(sent), Buffer.from(csrf)];
  return left.length === right.length && timingSafeEqual(left, right);
}
