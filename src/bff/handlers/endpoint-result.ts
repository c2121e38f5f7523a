import { etagOf } from '../../http/conditional.ts';
import { JSON_TYPE } from '../../http/media-type.ts';
import { type ProblemDetails, problemResponse } from '../../http/problem.ts';
import { parseJson, plainValue, stringifyJson } from '../../shared/exact-json.ts';
import type { Endpoint } from '../endpoints/endpoints.ts';
import { type PartialFailure, reshape, resolveErrors } from '../endpoints/shape.ts';
import type { EndpointResponse } from '../responses/endpoint-response.ts';
import type { Shape, ShapeContext } from '../shapes/shape.ts';
import type { Execution } from './execute.ts';
import { failure } from './failure.ts';
import { liftText } from './lift-text.ts';
import type { ErrorStatus } from './source-status.ts';

/** The JSON text of an endpoint's response body, with the data that it was made from. */
export interface SuccessfulResult {
  readonly text: string;
  /** The engine's data, parsed if that was necessary, else as JSON text. */
  readonly data: unknown;
  /** Whether no section failed, so that the response may be cached. */
  readonly isComplete: boolean;
}

/** What an endpoint returns, before it becomes an HTTP response. */
export type EndpointResult = SuccessfulResult | { readonly problem: ProblemDetails };

/** A shape module's function with its context. */
export interface Shaping {
  readonly shape: Shape;
  readonly context: ShapeContext;
}

/** Options for creating a result. */
export interface ResultOptions {
  readonly shaping?: Shaping | undefined;
  /** HTTP statuses for error codes of sources, in addition to the built-in ones. */
  readonly errorStatus?: ErrorStatus | undefined;
}

type Json = Record<string, unknown>;

/**
 * Creates an endpoint's result from an execution. The engine's text is used unchanged where nothing has to be reshaped.
 * Throws what a shape module throws.
 */
export function createResult(
  endpoint: Endpoint,
  execution: Execution,
  { shaping, errorStatus }: ResultOptions = {},
): EndpointResult | Promise<EndpointResult> {
  const { dataText, errors, status } = execution.result;
  if (dataText === undefined) return { problem: failure(errors, { decided: status, errorStatus }) };
  const { lifting, sections } = endpoint;
  if (shaping === undefined && errors.length === 0 && (lifting || !sections.reshapes)) {
    if (!mayMissEntity(endpoint, dataText))
      return { text: lifting ? liftText(dataText, lifting) : dataText, data: dataText, isComplete: true };
  }
  // shape modules get plain JavaScript numbers
  const data = parseJson(dataText, shaping === undefined);
  const { partial, failures } = resolveErrors(endpoint.sections, data, errors);
  if (failures.length > 0) return { problem: failure(failures, { errorStatus }) };
  const missing = endpoint.entityKeys.find((key) => (data as Json)[key] === null);
  if (missing !== undefined) return { problem: notFound(missing) };
  const shaped = reshape(endpoint.sections, data);
  if (shaping === undefined) return createSuccess(shaped, partial, data);
  const custom = shaping.shape(plainValue(shaped) as never, shaping.context);
  return custom instanceof Promise
    ? custom.then((value) => createSuccess(value, partial, data))
    : createSuccess(custom, partial, data);
}

function createSuccess(shaped: unknown, partial: readonly PartialFailure[], data: unknown): EndpointResult {
  if (partial.length === 0) return { text: stringifyJson(shaped ?? null), data, isComplete: true };
  // only objects can have `meta`; a shape that returns something else goes without it
  const body =
    typeof shaped === 'object' && shaped !== null && !Array.isArray(shaped)
      ? { ...shaped, meta: { partial: partial.map(withTextPath) } }
      : shaped;
  return { text: stringifyJson(body ?? null), data, isComplete: false };
}

/** Converts list indexes in a failure's path to strings: typed clients need lists with one element type. */
export function withTextPath(failure: PartialFailure): PartialFailure {
  return { ...failure, path: failure.path.map(String) };
}

function notFound(key: string): ProblemDetails {
  return { status: 404, kind: 'not-found', detail: `${JSON.stringify(key)} was not found.` };
}

/**
 * Returns whether an entity may be null, without parsing: the engine writes JSON without spaces. The key may also occur
 * deeper in the data, so the caller must check the parsed data.
 */
function mayMissEntity(endpoint: Endpoint, dataText: string): boolean {
  return endpoint.entityKeys.some((key) => dataText.includes(`"${key}":null`));
}

/** Default `Cache-Control`: a client may store the response, but must revalidate it each time. */
const REVALIDATE = 'private, no-cache';

/** Creates the HTTP response for one request, or for several that share an execution. */
export function responseFor(
  endpoint: Endpoint,
  result: EndpointResult,
  execution: Execution,
  instance: string,
): EndpointResponse {
  const { headers: added } = execution.result;
  if ('problem' in result) {
    const response = problemResponse(result.problem, instance);
    return added ? { ...response, headers: { ...response.headers, ...added } } : response;
  }
  const isGet = endpoint.method === 'GET';
  const headers = { 'content-type': JSON_TYPE, 'cache-control': isGet ? REVALIDATE : 'no-store' };
  return {
    status: endpoint.status,
    headers: added ? { ...headers, ...added } : headers,
    body: result.text,
    etag: isGet && endpoint.status === 200 ? etagOf(result.text) : undefined,
    timings: execution.timings,
  };
}
