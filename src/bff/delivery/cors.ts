import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ClientSettings } from '../endpoints/client-file.ts';
import { addVary } from './vary.ts';

type Cors = NonNullable<ClientSettings['cors']>;

/** Response headers that a web page cannot read unless it is told that it may. */
const EXPOSED = [
  ...['etag', 'retry-after', 'ratelimit', 'ratelimit-policy', 'x-request-id', 'idempotency-replayed'],
  ...['deprecation', 'sunset', 'link'],
];

/**
 * Says which web pages may read the answer.
 * @returns whether this page may
 * @see https://fetch.spec.whatwg.org/#http-cors-protocol
 */
export function allowOrigin(cors: Cors, req: IncomingMessage, res: ServerResponse): boolean {
  const any = cors.origins.includes('*');
  if (!any) addVary(res, 'origin');
  const { origin } = req.headers;
  if (origin === undefined || !(any || cors.origins.includes(origin))) return false;
  res.setHeader('access-control-allow-origin', any ? '*' : origin);
  if (cors.credentials) res.setHeader('access-control-allow-credentials', 'true');
  res.setHeader('access-control-expose-headers', [...EXPOSED, ...cors.expose_headers].join(', '));
  return true;
}

/** Whether the browser only asks whether it may ask. */
export function isPreflight(req: IncomingMessage): boolean {
  return req.headers.origin !== undefined && req.headers['access-control-request-method'] !== undefined;
}

/** Answers such a question, once the origin is allowed. */
export function allowPreflight(cors: Cors, req: IncomingMessage, res: ServerResponse, methods: string): void {
  const asked = req.headers['access-control-request-headers'];
  const headers = cors.allow_headers?.join(', ') ?? asked;
  res.setHeader('access-control-allow-methods', methods);
  if (headers !== undefined) res.setHeader('access-control-allow-headers', headers);
  res.setHeader('access-control-max-age', String(Math.floor(cors.max_age / 1000)));
}
