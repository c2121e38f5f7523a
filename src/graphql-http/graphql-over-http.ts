import { takeDataText } from '../executor/take-data-text.ts';
import { JSON_TYPE } from '../http/media-type.ts';
import { type HttpResponse, textResponse } from '../http/response.ts';
import { type ExecutionResult, resultText } from '../pipeline/engine.ts';
import type { GraphqlParams, SharedResponse } from '../pipeline/operation-context.ts';
import { ExactNumber, parseJson } from '../shared/exact-json.ts';
import { GatewayError } from '../shared/gateway-error.ts';

/**
 * What GraphQL over HTTP asks of a server, free of any server: how parameters are read, which media type answers,
 * which status an answer has. Every lane (see graphql-service.ts) goes through these functions, so lanes cannot differ.
 *
 * @see https://graphql.github.io/graphql-over-http/draft/
 */

/** An operation as a request asks for it, by its text or by the id of one that is known. */
export interface RequestedOperation extends Omit<GraphqlParams, 'query'> {
  readonly query: string | undefined;
  readonly documentId: string | undefined;
}

/** What a `POST` asks for, by its JSON. Throws `GatewayError` (400) when it is no object of the expected members. */
export function requestedInBody(value: unknown): RequestedOperation {
  if (!isRecord(value)) throw badRequest('The request body must be a JSON object with a "query" member.');
  return checkRequested(value, value.documentId ?? value.id);
}

/** What a `GET` asks for, by its URL, with `variables` and `extensions` as JSON. Throws `GatewayError` (400). */
export function requestedInUrl(search: URLSearchParams): RequestedOperation {
  const named = {
    query: search.get('query') ?? undefined,
    operationName: search.get('operationName') || undefined,
    variables: jsonParameter(search, 'variables'),
    extensions: jsonParameter(search, 'extensions'),
  };
  return checkRequested(named, search.get('documentId') ?? search.get('id') ?? undefined);
}

/** What is to be run, once its text is known. Throws `GatewayError` (400) when there is none. */
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

function checkRequested(value: Record<string, unknown>, documentId: unknown): RequestedOperation {
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
 * The answer that the engine gave, with the status that its kind and the media type call for.
 * @param caching what is said to caches, where anything is; the same for all clients that an answer goes to
 * @param shared where the answer goes to several clients: the second one and all others get the same bytes
 */
export function resultResponse(
  answer: ExecutionResult,
  contentType: string,
  caching?: Readonly<Record<string, string>>,
  shared?: SharedResponse<HttpResponse>,
): HttpResponse {
  const isLast = shared === undefined || --shared.left === 0;
  if (shared?.response?.headers['content-type'] === contentType) {
    if (isLast) takeDataText(answer);
    return inBytes(shared, shared.response);
  }
  const status = statusOf(answer, contentType);
  const own = status === 405 ? { allow: 'POST' } : answer.headers;
  const headers = caching ? { ...own, ...caching } : own;
  const response = textResponse(status, contentType, resultText(answer), headers);
  if (shared) shared.response = response;
  if (isLast) takeDataText(answer);
  return response;
}

/** A text is encoded each time it is sent, so one that is sent again is encoded once more, for all who follow. */
function inBytes(shared: SharedResponse<HttpResponse>, response: HttpResponse): HttpResponse {
  if (typeof response.body !== 'string') return response;
  const encoded = { ...response, body: Buffer.from(response.body) };
  shared.response = encoded;
  return encoded;
}

/**
 * `application/json` answers 200 to request errors too, since such clients take any other status for a failure of
 * something on the way; `application/graphql-response+json` says 400. Once execution has begun, it is 200 for both.
 */
function statusOf(answer: ExecutionResult, contentType: string): number {
  if (answer.status !== undefined) return answer.status;
  if (answer.refusal === 'method') return 405;
  if (answer.refusal === 'internal') return 500;
  // a limit is the gateway's refusal, not an answer of GraphQL
  if (answer.refusal === 'limit') return 400;
  if (answer.dataText !== undefined) return 200;
  return contentType === JSON_TYPE ? 200 : 400;
}

/** Returns the result of an operation that was refused before it began. */
export function refusedResult({ message, extensions, status, headers }: GatewayError): ExecutionResult {
  return { dataText: undefined, errors: [{ message, extensions }], refusal: 'operation', status, headers };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);
}
