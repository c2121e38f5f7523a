import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Session } from './session.ts';
import type { Site } from './site.ts';

/** What a page of the site sends with requests that change something. */
const CSRF_HEADER = 'x-csrf';

export interface CsrfRules {
  /** `token`: the header must have the session's token; `header`: `1` will do. */
  readonly csrf: 'header' | 'token';
  readonly allowedOrigins: ReadonlySet<string>;
}

/**
 * Why a request with a session's cookie may not have been sent by a page that is meant to; `undefined` when it was, or
 * when it only reads. A page of another origin cannot send a header of its own without asking first (the preflight
 * request of CORS), and browsers tell where a request comes from.
 * @see https://www.ietf.org/archive/id/draft-ietf-oauth-browser-based-apps-26.html#section-6.1.3.3
 */
export function csrfProblem(req: IncomingMessage, session: Session, site: Site, rules: CsrfRules): string | undefined {
  const { method, headers } = req;
  if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return undefined;
  const { origin, [CSRF_HEADER]: sent } = headers;
  const allowed = origin !== undefined && rules.allowedOrigins.has(origin);
  if (origin !== undefined && origin !== site.origin && !allowed) {
    return `Pages of ${origin} may not send this; pages of ${site.origin} may.`;
  }
  const from = headers['sec-fetch-site'];
  if (from !== undefined && from !== 'same-origin' && !allowed) return 'It was sent by a page of another site.';
  if (sent === '1' && rules.csrf === 'header') return undefined;
  if (isToken(sent, session)) return undefined;
  const value = rules.csrf === 'header' ? '1' : 'the token that /me tells as `csrf`';
  return `Requests with a session that change something need the header ${CSRF_HEADER}: ${value}.`;
}

export function isToken(sent: string | readonly string[] | null | undefined, { csrf }: Session): boolean {
  if (typeof sent !== 'string') return false;
  const [left, right] = [Buffer.from(sent), Buffer.from(csrf)];
  return left.length === right.length && timingSafeEqual(left, right);
}
