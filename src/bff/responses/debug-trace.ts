import type { DebugTrace } from '../../shared/debug-trace.ts';
import { parseJson, stringifyJson } from '../../shared/exact-json.ts';
import type { EndpointResponse } from './endpoint-response.ts';

type Json = Record<string, unknown>;

const HEADER = 'x-headgate-debug';
const LEFT_OUT = 'left out: the response is no JSON object that can have it';

/**
 * Adds the debug trace to a response: as `meta.headgate`, and as `headgate` of problem details. The header `x-headgate-debug` says
 * whether it has one. No cache may store it.
 */
export function withDebugTrace(response: EndpointResponse, debug: DebugTrace): EndpointResponse {
  const { etag: _etag, encodedBodies: _encoded, ...rest } = response;
  const { 'content-length': _length, ...headers } = rest.headers;
  const type = String(headers['content-type'] ?? '');
  const body = type.includes('json') ? bodyWith(String(rest.body), type.includes('problem'), debug) : undefined;
  return {
    ...rest,
    headers: { ...headers, 'cache-control': 'no-store', [HEADER]: body === undefined ? LEFT_OUT : 'trace' },
    body: body ?? rest.body,
  };
}

function bodyWith(text: string, isProblem: boolean, debug: DebugTrace): string | undefined {
  const body: unknown = text === '' ? undefined : parseJson(text);
  if (!isObject(body)) return undefined;
  if (isProblem) return stringifyJson({ ...body, headgate: debug.toJSON() });
  const { meta = {} } = body;
  return isObject(meta) ? stringifyJson({ ...body, meta: { ...meta, headgate: debug.toJSON() } }) : undefined;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && value.constructor === Object;
}
