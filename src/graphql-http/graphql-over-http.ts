import { JSON_TYPE } from '../http/media-type.ts';
import { type HttpResponse, textResponse } from '../http/response.ts';
import { resultText, SingleResult } from '../pipeline/execution-result.ts';
import type { GraphqlParams, SharedResponse } from '../pipeline/operation-context.ts';
import type { DebugTrace } from '../shared/debug-trace.ts';
import { ExactNumber, parseJson } from '../shared/exact-json.ts';
import { GatewayError } from '../shared/gateway-error.ts';

/**
 * GraphQL over HTTP without a server: how to read parameters, and the media type and status of a response. The fast path and Yoga
 * (see graphql-service.ts) both use these functions, so they cannot differ.
 *
 * @see https://graphql.github.io/graphql-over-http/draft/
 */

/** An operation as a request has it: by its text, or by the id of a known document. */
export interface RequestedOperation extends Omit<GraphqlParams, 'query'> {
  readonly query: string | undefined;
  readonly documentId: string | undefined;
}

/** Reads the operation of a `POST` from its JSON. Throws `GatewayError` (400) when it is not an object with the expected members. */
export function operationInBody(value: unknown): RequestedOperation {
  if (!isRecord(value)) throw badRequest('The request body must be a JSON object with a "query" member.');
  return checkMembers(value, value.documentId ?? value.id);
}

/** Reads the operation of a `GET` from its URL, with `variables` and `extensions` as JSON. Throws `GatewayError` (400). */
export function operationInUrl(search: URLSearchParams): RequestedOperation {
  const named = {
    query: search.get('query') ?? undefined,
    operationName: search.get('operationName') || undefined,
    variables: jsonParameter(search, 'variables'),
    extensions: jsonParameter(search, 'extensions'),
  };
  return checkMembers(named, search.get('documentId') ?? search.get('id') ?? undefined);
}

/** Returns the parameters to execute, with their query text. Throws `GatewayError` (400) when there is no text. */
export function withQuery(
  { operationName, variables, extensions }: RequestedOperation,
  query: string | undefined,
): GraphqlParams {
  if (query === undefined) throw badRequest('There is no "query"; expected the text of a GraphQL document.');
  return { query, operationName, variables, extensions };
}

function jsonParameter(search: URLSearchParams, name: string): unknown {
  const text = search.get(name);
  if (text === null || text === '') return undefined;
  try {
    return parseJson(text);
  } catch (error) {
    throw badRequest(`The URL parameter "${name}" is not valid JSON: ${(error as Error).message}`);
  }
}

function checkMembers(value: Record<string, unknown>, documentId: unknown): RequestedOperation {
  const { query, operationName, variables, extensions } = value;
  if (query != null && typeof query !== 'string') throw badRequest(`"query" must be a string, not ${kindOf(query)}.`);
  if (operationName != null && typeof operationName !== 'string') {
    throw badRequest(`"operationName" must be a string, not ${kindOf(operationName)}.`);
  }
  if (variables != null && !isRecord(variables)) {
    throw badRequest(`"variables" must be an object, not ${kindOf(variables)}.`);
  }
  if (extensions != null && !isRecord(extensions)) {
    throw badRequest(`"extensions" must be an object, not ${kindOf(extensions)}.`);
  }
  const id = typeof documentId === 'string' && documentId !== '' ? documentId : undefined;
  return { query: query ?? undefined, documentId: id, operationName, variables, extensions };
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  if (value instanceof ExactNumber) return 'a number';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function badRequest(message: string): GatewayError {
  return new GatewayError(400, 'BAD_REQUEST', message);
}

/**
 * Returns the response for a result, with the status for its kind and the media type.
 * @param caching headers for caches; they may differ between clients that share the response
 * @param shared set when several clients share the response: all but the first get the same bytes
 */
export function resultResponse(
  result: SingleResult,
  contentType: string,
  caching?: Readonly<Record<string, string>>,
  shared?: SharedResponse<HttpResponse>,
): HttpResponse {
  const isLast = shared === undefined || --shared.left === 0;
  if (shared?.response?.headers['content-type'] === contentType) {
    if (isLast) result.takeText();
    const common = encodedOnce(shared, shared.response);
    return caching ? { ...common, headers: { ...common.headers, ...caching } } : common;
  }
  const status = statusOf(result, contentType);
  const own = status === 405 ? { allow: 'POST' } : result.headers;
  const headers = caching ? { ...own, ...caching } : own;
  const response = textResponse(status, contentType, resultText(result), headers);
  if (shared) shared.response = response;
  if (isLast) result.takeText();
  return response;
}

/** Returns the response for a result with its debug trace. No cache may store it. */
export function tracedResponse(result: SingleResult, debug: DebugTrace, contentType: string): HttpResponse {
  const extensions = { ...result.extensions, headgate: debug.toJSON() };
  return resultResponse(result.with({ extensions }), contentType, { 'cache-control': 'no-store' });
}

/** Encodes the text of a shared response once, because Node would encode a text again for each client. */
function encodedOnce(shared: SharedResponse<HttpResponse>, response: HttpResponse): HttpResponse {
  if (typeof response.body !== 'string') return response;
  const encoded = { ...response, body: Buffer.from(response.body) };
  shared.response = encoded;
  return encoded;
}

/**
 * Returns the status of a response. With `application/json`, request errors have 200, because such clients treat any other status
 * as a failure of a proxy; with `application/graphql-response+json` they have 400. After execution has begun, both have 200.
 */
function statusOf(result: SingleResult, contentType: string): number {
  if (result.status !== undefined) return result.status;
  if (result.refusal === 'method') return 405;
  if (result.refusal === 'internal') return 500;
  // the gateway itself refuses requests over a limit, so the status is 400 for both types
  if (result.refusal === 'limit') return 400;
  if (result.dataText !== undefined) return 200;
  return contentType === JSON_TYPE ? 200 : 400;
}

/** Returns the result of an operation that is refused before execution. */
export function refusedResult({ message, extensions, status, headers }: GatewayError): SingleResult {
  return new SingleResult(undefined, [{ message, extensions }], { refusal: 'operation', status, headers });
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);
}
