import { type EndpointResponse, problemResponse } from './reply.ts';

const ALLOW = 'GET, HEAD, OPTIONS';

/** Answers OPTIONS, and methods that change something, for a page that can only be read; `undefined` for GET and HEAD. */
export function refuseMethod(method: string | undefined, path: string): EndpointResponse | undefined {
  if (method === 'GET' || method === 'HEAD') return undefined;
  if (method === 'OPTIONS') return { status: 204, headers: { allow: ALLOW }, body: '' };
  const detail = `${path} does not answer ${method}; it answers ${ALLOW}.`;
  return problemResponse({ status: 405, kind: 'method-not-allowed', detail, headers: { allow: ALLOW } }, path);
}
