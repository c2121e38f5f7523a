import type { SourceError } from '../sources/source.ts';

/** Codes that many servers use, in alphabetical order. Every other code is `other` in the metrics, because a subgraph may invent any number. */
const KNOWN_CODES: ReadonlySet<string> = new Set([
  'BAD_REQUEST',
  'BAD_USER_INPUT',
  'CONFLICT',
  'DOWNSTREAM_SERVICE_ERROR',
  'FORBIDDEN',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'INTERNAL',
  'INTERNAL_ERROR',
  'INTERNAL_SERVER_ERROR',
  'INVALID_NULL_OR_TYPE',
  'NOT_FOUND',
  'OPERATION_RESOLUTION_FAILURE',
  'OVERLOADED',
  'PERSISTED_QUERY_NOT_FOUND',
  'PERSISTED_QUERY_NOT_IN_LIST',
  'PERSISTED_QUERY_NOT_SUPPORTED',
  'RATE_LIMITED',
  'REQUEST_LIMIT_EXCEEDED',
  'RESOURCE_EXHAUSTED',
  'SERVICE_UNAVAILABLE',
  'SUBREQUEST_HTTP_ERROR',
  'SUBREQUEST_MALFORMED_RESPONSE',
  'SUBREQUEST_TIMEOUT',
  'TIMEOUT',
  'TOO_MANY_REQUESTS',
  'UNAUTHENTICATED',
  'UNAUTHORIZED',
  'UNAUTHORIZED_FIELD_OR_TYPE',
  'UNAVAILABLE',
  'UNKNOWN',
]);

/** Stands for an error without a code. */
const NO_CODE = 'none';

/** The most codes and characters of a code that are read of one response. */
const MAX_CODES = 10;
const MAX_LENGTH = 100;

/** Returns the distinct codes of errors, `none` for errors without one. */
export function errorCodes(errors: readonly SourceError[]): ReadonlySet<string> {
  const codes = new Set<string>();
  for (const { extensions } of errors) {
    const code = extensions?.code;
    codes.add(typeof code === 'string' && code !== '' ? code.slice(0, MAX_LENGTH) : NO_CODE);
    if (codes.size >= MAX_CODES) break;
  }
  return codes;
}

/** Returns the label of a code in the metrics: the code itself, if it is well known. */
export function labelOf(code: string): string {
  return code === NO_CODE || KNOWN_CODES.has(code) ? code : 'other';
}
