/** Codes of the gateway itself. */
const OWN_CODES = [
  'BAD_REQUEST',
  'BATCHING_NOT_SUPPORTED',
  'BATCH_LIMIT_EXCEEDED',
  'CLIENT_NAME_REQUIRED',
  'CLIENT_VERSION_REQUIRED',
  'COST_ESTIMATED_TOO_EXPENSIVE',
  'CSRF_ERROR',
  'GATEWAY_TIMEOUT',
  'MAX_ALIASES_LIMIT',
  'MAX_DEPTH_LIMIT',
  'MAX_DIRECTIVES_LIMIT',
  'MAX_HEIGHT_LIMIT',
  'MAX_INTROSPECTION_LIMIT',
  'MAX_OPERATIONS_LIMIT',
  'MAX_RECURSION_LIMIT',
  'MAX_RECURSIVE_SELECTIONS_LIMIT',
  'MAX_ROOT_FIELDS_LIMIT',
  'MAX_TOKENS_LIMIT',
  'MAX_VARIABLES_BYTES_LIMIT',
  'MAX_VARIABLES_DEPTH_LIMIT',
  'METHOD_NOT_ALLOWED',
  'NOT_ACCEPTABLE',
  'PERSISTED_QUERY_ID_REQUIRED',
  'PLUGIN_FAILED',
  'REQUEST_TOO_LARGE',
  'SECTION_TIMEOUT',
  'SUBGRAPH_CIRCUIT_BREAKER_REJECTED',
  'SUBSCRIPTION_CONNECTION_LOST',
  'SUBSCRIPTION_LIMIT_EXCEEDED',
  'SUBSCRIPTION_QUEUE_FULL',
  'SUBSCRIPTION_SCHEMA_CHANGED',
  'SUBSCRIPTION_TOKEN_EXPIRED',
  'UNSUPPORTED_MEDIA_TYPE',
  'URI_TOO_LONG',
] as const;

/** Codes of the gateway, and codes that many servers use. Every other code is `other` in the metrics, because a subgraph or a plugin may invent any number. */
const KNOWN_CODES: ReadonlySet<string> = new Set<string>([
  ...OWN_CODES,
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
  'SUBREQUEST_QUEUE_FULL',
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

/** The part of an error that has its code. */
interface CodedError {
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
}

/** Returns the distinct codes of errors, `none` for errors without one. */
export function errorCodes(errors: readonly CodedError[]): ReadonlySet<string> {
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
