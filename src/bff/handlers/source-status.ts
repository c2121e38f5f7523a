import type { GraphQLFormattedError } from 'graphql';
import { originalOf } from '../../shared/original-error.ts';

/** HTTP statuses by error code, as `bff.error_status` adds them: `OUT_OF_STOCK` → 409, `"401"` → 401 for a status of an API. */
export type ErrorStatus = ReadonlyMap<string, number>;

/**
 * Codes with which a source says that the request was wrong, or that it should come later. Names are those of Apollo
 * Server, Spring GraphQL, DGS, Hot Chocolate, gRPC and HTTP.
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
  // its limit is one of the gateway: the client of the gateway may have asked for the first time
  ...codes(503, 'RATE_LIMITED', 'RATE_LIMIT_EXCEEDED', 'TOO_MANY_REQUESTS', 'THROTTLED', 'RESOURCE_EXHAUSTED'),
  ...codes(503, 'OVERLOADED', 'SERVICE_UNAVAILABLE', 'UNAVAILABLE'),
]);

/**
 * Statuses of REST APIs that are about the request. 401 is not among them: it may be the gateway's own credential that the
 * API refuses.
 */
const OF_REQUEST: ReadonlySet<number> = new Set([400, 403, 404, 409, 410, 412, 413, 422]);

/** Codes of the gateway itself, for what it could not get from a source. */
const OF_TRANSPORT: ReadonlySet<string> = new Set(['SUBREQUEST_HTTP_ERROR', 'SUBREQUEST_MALFORMED_RESPONSE']);

function codes(status: number, ...names: readonly string[]): [string, number][] {
  return names.map((name) => [name, status]);
}

/**
 * Returns the HTTP status for an error that a source reported: by its code, else by the HTTP status of the API that it
 * comes from, else by what frameworks write instead of a code, else 503 where the source asks to come later. `undefined`
 * where none of these says more than that it failed.
 */
export function reportedStatusOf(error: GraphQLFormattedError, configured?: ErrorStatus): number | undefined {
  const extensions = originalOf(error).extensions ?? {};
  const { code } = extensions;
  const own = byCode(code, configured);
  if (own !== undefined) return own;
  if (!isOfTransport(code) || extensions.connector !== undefined) {
    const status = httpStatusOf(extensions);
    const answered = status && (configured?.get(String(status)) ?? (OF_REQUEST.has(status) ? status : undefined));
    if (answered) return answered;
  }
  return (
    byCode(extensions.errorType, configured) ??
    byClassification(extensions.classification, configured) ??
    (asksToWait(extensions) ? 503 : undefined)
  );
}

/** A 503 alone may be any failure; with `Retry-After`, as with a 429, it is one that passes. */
function asksToWait(extensions: Readonly<Record<string, unknown>>): boolean {
  const status = httpStatusOf(extensions);
  return status === 429 || (status === 503 && Number(extensions.retryAfter) > 0);
}

function isOfTransport(code: unknown): boolean {
  return typeof code === 'string' && OF_TRANSPORT.has(code);
}

function byCode(code: unknown, configured: ErrorStatus | undefined): number | undefined {
  if (typeof code !== 'string') return undefined;
  return configured?.get(code) ?? STATUS_BY_CODE.get(upperSnake(code));
}

/** graphql-java says `ValidationError` of documents that do not fit its schema, which is no mistake of the client. */
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
