import { problemResponse } from '../../http/problem.ts';
import type { EndpointResponse } from './endpoint-response.ts';

const ALLOW = 'GET, HEAD, OPTIONS';

/** Responds to OPTIONS and rejects unsafe methods, for a read-only page; returns `undefined` for GET and HEAD. */
export function refuseMethod(method: string | undefined, path: string): EndpointResponse | undefined {
  if (method === 'GET' || method === 'HEAD') return undefined;
  if (method === 'OPTIONS') return { status: 204, headers: { allow: ALLOW }, body: '' };
  const detail = `${path} does not support ${method}; it supports ${ALLOW}.`;
  return problemResponse({ status: 405, kind: 'method-not-allowed', detail, headers: { allow: ALLOW } }, path);
}
