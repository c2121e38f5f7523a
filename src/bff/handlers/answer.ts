import { parseJson, plainValue, stringifyJson } from '../../shared/exact-json.ts';
import type { Endpoint } from '../endpoints/endpoints.ts';
import { type PartialFailure, reshape, settleErrors } from '../endpoints/shape.ts';
import { type EndpointResponse, etagOf, JSON_TYPE, type ProblemDetails, problemResponse } from '../responses/reply.ts';
import type { Shape, ShapeContext } from '../shapes/shape.ts';
import type { Execution } from './execute.ts';
import { failure } from './failure.ts';
import { liftText } from './lift-text.ts';
import type { ErrorStatus } from './source-status.ts';

export interface CompleteResult {
  readonly text: string;
  /** The data as the engine gave it, where it had to be read; its text else. */
  readonly data: unknown;
  /** Nothing is missing from it, so that it may be kept. */
  readonly whole: boolean;
}

/** The answer of an endpoint, not yet a reply. */
export type Made = CompleteResult | { readonly problem: ProblemDetails };

/** What shapes the answers of one endpoint. */
export interface Shaping {
  readonly shape: Shape;
  readonly context: ShapeContext;
}

export interface Making {
  readonly shaping?: Shaping | undefined;
  /** Statuses for codes of sources, beside those that are known. */
  readonly errorStatus?: ErrorStatus | undefined;
}

type Json = Record<string, unknown>;

/**
 * Makes the answer of an endpoint out of the engine's: as the engine's own text whenever nothing has to be moved in it.
 * Throws what a shape throws.
 */
export function makeAnswer(
  endpoint: Endpoint,
  execution: Execution,
  { shaping, errorStatus }: Making = {},
): Made | Promise<Made> {
  const { dataText, errors, status } = execution.answer;
  if (dataText === undefined) return { problem: failure(errors, { decided: status, errorStatus }) };
  const { lifting, sections } = endpoint;
  if (shaping === undefined && errors.length === 0 && (lifting || !sections.reshapes)) {
    if (!mayMissEntity(endpoint, dataText))
      return { text: lifting ? liftText(dataText, lifting) : dataText, data: dataText, whole: true };
  }
  // a shape gets plain numbers, in whatever form they came
  const data = parseJson(dataText, shaping === undefined);
  const { partial, failures } = settleErrors(endpoint.sections, data, errors);
  if (failures.length > 0) return { problem: failure(failures, { errorStatus }) };
  const missing = endpoint.entityKeys.find((key) => (data as Json)[key] === null);
  if (missing !== undefined) return { problem: notFound(missing) };
  const shaped = reshape(endpoint.sections, data);
  if (shaping === undefined) return made(shaped, partial, data);
  const own = shaping.shape(plainValue(shaped) as never, shaping.context);
  return own instanceof Promise ? own.then((value) => made(value, partial, data)) : made(own, partial, data);
}

function made(shaped: unknown, partial: readonly PartialFailure[], data: unknown): Made {
  if (partial.length === 0) return { text: stringifyJson(shaped ?? null), data, whole: true };
  // What is no object has no room for it: the shape has decided to go without.
  const told =
    typeof shaped === 'object' && shaped !== null && !Array.isArray(shaped)
      ? { ...shaped, meta: { partial: partial.map(withTextPath) } }
      : shaped;
  return { text: stringifyJson(told ?? null), data, whole: false };
}

/** Places in lists are texts, too: what is typed reads lists of texts only. */
export function withTextPath(failure: PartialFailure): PartialFailure {
  return { ...failure, path: failure.path.map(String) };
}

function notFound(key: string): ProblemDetails {
  return { status: 404, kind: 'not-found', detail: `There is no such ${JSON.stringify(key)}.` };
}

/**
 * Cheaper than parsing, since the engine writes JSON without spaces. The key may stand deeper in the data too, which a
 * closer look then tells.
 */
function mayMissEntity(endpoint: Endpoint, dataText: string): boolean {
  return endpoint.entityKeys.some((key) => dataText.includes(`"${key}":null`));
}

/** Answers that nobody said may be kept: a client may keep one, if it asks each time whether it still holds. */
const UNKEPT = 'private, no-cache';

/** The reply to one request, or to several that asked for the same at once. */
export function responseFor(endpoint: Endpoint, made: Made, execution: Execution, instance: string): EndpointResponse {
  const { headers: added } = execution.answer;
  if ('problem' in made) {
    const response = problemResponse(made.problem, instance);
    return added ? { ...response, headers: { ...response.headers, ...added } } : response;
  }
  const isGet = endpoint.method === 'GET';
  const headers = { 'content-type': JSON_TYPE, 'cache-control': isGet ? UNKEPT : 'no-store' };
  return {
    status: endpoint.status,
    headers: added ? { ...headers, ...added } : headers,
    body: made.text,
    etag: isGet && endpoint.status === 200 ? etagOf(made.text) : undefined,
    timings: execution.timings,
  };
}
