import type { GraphQLFormattedError } from 'graphql';
import { originalOf } from '../../shared/original-error.ts';
import { waitSeconds } from '../../shared/retry-after.ts';

/** HTTP statuses by error code, from `bff.error_status`: `OUT_OF_STOCK` → 409, or `"401"` → 401 for a status of an API. */
export type ErrorStatus = ReadonlyMap<string, number>;

/**
 * Error codes by which a source reports that the request was wrong, or that it should be retried later. The names are those
 * of Apollo Server, Spring GraphQL, DGS, Hot Chocolate, gRPC and HTTP.
 */
const STATUS_BY_CODE: ReadonlyMap<string, number> = new Map([
  ...codes(400, 'BAD_USER_INPUT', 'BAD_REQUEST', 'BAD_INPUT', 'INVALID_INPUT', 'INVALID_ARGUMENT', 'ARGUMENT_ERROR'),
  ...codes(400, 'ARGUMENT_VALIDATION_ERROR', 'VALIDATION_ERROR', 'INPUT_VALIDATION_ERROR', 'INPUT_VALIDATION_FAILED'),
  ...codes(400, 'OUT_OF_RANGE', 'FAILED_PRECONDITION'),
  ...codes(401, 'UNAUTHENTICATED', 'UNAUTHORIZED', 'AUTH_NOT_AUTHENTICATED'),
  ...codes(403, 'FORBIDDEN', 'ACCESS_DENIED', 'PERMISSION_DENIED', 'PERMISSION_ERROR', 'NOT_AUTHORIZED'),
  ...codes(403, 'AUTH_NOT_AUTHORIZED', 'UNAUTHORIZED_FIELD_OR_TYPE'),
  ...codes(404, 'NOT_FOUND', 'RESOURCE_NOT_FOUND', 'ENTITY_NOT_FOUND', 'NOT_EXISTS'),
  ...codes(409, 'CONFLICT', 'ALREADY_EXISTS', 'DUPLICATE', 'CONSTRAINT_VIOLATION', 'ABORTED'),
  ...codes(410, 'GONE'),
  ...codes(412, 'PRECONDITION_FAILED'),
  ...codes(413, 'PAYLOAD_TOO_LARGE'),
  ...codes(422, 'UNPROCESSABLE_ENTITY', 'UNPROCESSABLE_CONTENT'),
  // the source limits the gateway, not the gateway's client: hence 503 and not 429
  ...codes(503, 'RATE_LIMITED', 'RATE_LIMIT_EXCEEDED', 'TOO_MANY_REQUESTS', 'THROTTLED', 'RESOURCE_EXHAUSTED'),
  ...codes(503, 'OVERLOADED', 'SERVICE_UNAVAILABLE', 'UNAVAILABLE'),
]);

/**
 * Statuses of REST APIs that concern the request. 401 is not among them: the API may have rejected the gateway's own
 * credential.
 */
const OF_REQUEST: ReadonlySet<number> = new Set([400, 403, 404, 409, 410, 412, 413, 422]);

/** The gateway's own error codes for failed fetches. */
const OF_TRANSPORT: ReadonlySet<string> = new Set(['SUBREQUEST_HTTP_ERROR', 'SUBREQUEST_MALFORMED_RESPONSE']);

function codes(status: number, ...names: readonly string[]): [string, number][] {
  return names.map((name) => [name, status]);
}

/**
 * Returns the HTTP status for an error that a source reported. It depends on the error's code, else on the HTTP status of
 * the API, else on framework extensions such as `classification`, else it is 503 where the source asks to retry later.
 * Returns `undefined` where none of these applies.
 */
export function reportedStatusOf(error: GraphQLFormattedError, configured?: ErrorStatus): number | undefined {
  const extensions = originalOf(error).extensions ?? {};
  const { code } = extensions;
  const own = byCode(code, configured);
  if (own !== undefined) return own;
  if (!isOfTransport(code) || extensions.connector !== undefined) {
    const status = httpStatusOf(extensions);
    const requestStatus = status && (configured?.get(String(status)) ?? (OF_REQUEST.has(status) ? status : undefined));
    if (requestStatus) return requestStatus;
  }
  return (
    byCode(extensions.errorType, configured) ??
    byClassification(extensions.classification, configured) ??
    (asksToWait(extensions) ? 503 : undefined)
  );
}

/** A 503 alone may be any failure. A 429, or a 503 with `Retry-After`, is temporary. */
function asksToWait(extensions: Readonly<Record<string, unknown>>): boolean {
  const status = httpStatusOf(extensions);
  return status === 429 || (status === 503 && waitSeconds(extensions.retryAfter) !== undefined);
}

function isOfTransport(code: unknown): boolean {
  return typeof code === 'string' && OF_TRANSPORT.has(code);
}

function byCode(code: unknown, configured: ErrorStatus | undefined): number | undefined {
  if (typeof code !== 'string') return undefined;
  return configured?.get(code) ?? STATUS_BY_CODE.get(upperSnake(code));
}

/** graphql-java reports `ValidationError` for documents that are invalid for its schema; this is not the client's error. */
function byClassification(classification: unknown, configured: ErrorStatus | undefined): number | undefined {
  return classification === 'ValidationError' ? undefined : byCode(classification, configured);
}

/** `not-found`, `NotFound` and `NOT_FOUND` are one code. */
function upperSnake(code: string): string {
  return code
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/[\s.-]+/g, '_')
    .toUpperCase();
}

function httpStatusOf({ http, status, statusCode }: Readonly<Record<string, unknown>>): number | undefined {
  const inner = typeof http === 'object' && http !== null ? (http as { readonly status?: unknown }).status : undefined;
  return [inner, status, statusCode].find((one) => typeof one === 'number');
}
