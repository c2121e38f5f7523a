import type { IncomingMessage } from 'node:http';
import { JSON_TYPE } from '../../http/media-type.ts';
import { type ProblemDetails, problemResponse } from '../../http/problem.ts';
import { areEqualSecrets } from '../../shared/equal-secrets.ts';
import { readJsonBody } from '../handlers/body.ts';
import type { Call } from '../handlers/call.ts';
import type { EndpointResponse } from '../responses/endpoint-response.ts';

export const PURGE_PATH = '/bff/purge';
const MAX_BODY_BYTES = 100_000;

/**
 * Handles `POST /bff/purge` with `{"tags": ["mobile/dashboard"], "entities": ["Product:p7"]}`: removes cached responses. The
 * request needs the purge token.
 */
export async function purgeResponse(
  { req, path }: Pick<Call, 'req' | 'path'>,
  token: string,
  purge: (tags: readonly string[]) => number | Promise<number>,
): Promise<EndpointResponse> {
  if (req.method !== 'POST') return problemResponse(NOT_POST, path);
  if (!hasToken(req.headers.authorization, token)) return problemResponse(NO_TOKEN, path);
  const body = await readJsonBody(req, MAX_BODY_BYTES);
  if ('problem' in body) return problemResponse(body.problem, path);
  const tags = [...listOf(body.value.tags), ...listOf(body.value.entities)];
  if (tags.length === 0) return problemResponse(NO_TAGS, path);
  const purged = await purge(tags);
  const headers = { 'content-type': JSON_TYPE, 'cache-control': 'no-store' };
  return { status: 200, headers, body: JSON.stringify({ purged }) };
}

/** Returns whether a request has the purge token. The token does not identify a client. */
export function mayPurge({ method, url = '', headers }: IncomingMessage, token: string): boolean {
  return method === 'POST' && url === PURGE_PATH && hasToken(headers.authorization, token);
}

function hasToken(authorization: string | undefined, token: string): boolean {
  return areEqualSecrets(authorization ?? '', `Bearer ${token}`);
}

function listOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

const NOT_POST: ProblemDetails = {
  status: 405,
  kind: 'method-not-allowed',
  detail: 'Use POST to purge.',
  headers: { allow: 'POST' },
};
const NO_TOKEN: ProblemDetails = {
  status: 401,
  kind: 'unauthenticated',
  detail: 'Send "Authorization: Bearer TOKEN" with the value of bff.purge_token.',
  headers: { 'www-authenticate': 'Bearer' },
};
const NO_TAGS: ProblemDetails = {
  status: 400,
  kind: 'invalid-body',
  detail: 'Nothing to purge. Send tags or entities: {"tags": ["mobile/dashboard"], "entities": ["Product:p7"]}.',
};
