import type { GraphQLFormattedError } from 'graphql';
import type { ProblemDetails } from '../../http/problem.ts';
import { originalOf } from '../../shared/original-error.ts';
import { waitSeconds } from '../../shared/retry-after.ts';
import { errorCode } from '../endpoints/shape.ts';
import { type ErrorStatus, reportedStatusOf } from './source-status.ts';

const STATUS_BY_CODE: ReadonlyMap<string, number> = new Map([
  ['PLUGIN_FAILED', 500],
  ['SUBREQUEST_HTTP_ERROR', 502],
  ['SUBREQUEST_MALFORMED_RESPONSE', 502],
  ['SUBGRAPH_CIRCUIT_BREAKER_REJECTED', 502],
  ['INVALID_NULL_OR_TYPE', 502],
  ['SUBREQUEST_QUEUE_FULL', 503],
  ['SUBREQUEST_TIMEOUT', 504],
  ['SUBREQUEST_QUEUE_FULL', 503],
  ['GATEWAY_TIMEOUT', 504],
]);

/** The response after an unexpected error, which is logged. */
export const FAILED: ProblemDetails = {
  status: 500,
  kind: 'failed',
  detail: 'The gateway could not create the response.',
};

/** Error codes of the gateway's policies and limits. */
const STATUS_BY_POLICY_CODE: ReadonlyMap<string, number> = new Map([
  ['UNAUTHENTICATED', 401],
  ['UNAUTHORIZED_FIELD_OR_TYPE', 403],
  ['RATE_LIMITED', 429],
  ['OVERLOADED', 503],
  ['BAD_USER_INPUT', 400],
  ['COST_ESTIMATED_TOO_EXPENSIVE', 400],
  ['MAX_VARIABLES_DEPTH_LIMIT', 400],
  ['MAX_VARIABLES_BYTES_LIMIT', 400],
  ['SUBSCRIPTION_TOKEN_EXPIRED', 401],
  ['SUBSCRIPTION_QUEUE_FULL', 503],
  ['SUBSCRIPTION_SCHEMA_CHANGED', 503],
]);

/** Code of an error that another error has caused. */
const CONSEQUENCE = 'REQUIRED_INPUT_MISSING';

/** Statuses by precedence: with several errors, the first of these that occurs is the response's status. */
const PRECEDENCE = [500, 503, 502, 504, 401, 403, 429, 404, 410, 409, 412, 413, 422, 400];

const REFUSED = ['refused', 'The request was rejected.'] as const;
const SOURCE_FAILED = ['source-failed', 'A service behind this endpoint failed.'] as const;

const KIND_BY_STATUS: Readonly<Record<number, readonly [kind: string, detail: string]>> = {
  400: REFUSED,
  401: ['unauthenticated', 'This endpoint reads fields that need credentials.'],
  403: ['forbidden', 'These credentials do not allow reading all fields of this endpoint.'],
  404: ['not-found', 'The resource was not found.'],
  409: ['conflict', 'The request conflicts with the current state of the resource.'],
  410: ['gone', 'The resource was removed.'],
  429: ['rate-limited', 'Too many requests.'],
  502: SOURCE_FAILED,
  503: ['service-unavailable', 'The service is unavailable right now. Try again later.'],
  504: ['source-timeout', 'A service behind this endpoint did not respond in time.'],
  500: ['failed', 'The gateway could not create the response.'],
};

const OVERLOADED = [
  'overloaded',
  'The gateway has no memory left for more responses right now. Try again later.',
] as const;

const EXPIRED = ['unauthenticated', 'The credentials are no longer accepted. Subscribe again with new ones.'] as const;

/** What the status of a failure depends on, beside its errors. */
export interface FailureOptions {
  /**
   * HTTP status that a policy or a plugin has chosen. Counts where it is one of an error. Any other is that of a plugin, which has refused
   * the request: codes that are not known then mean 400, and no failure of the gateway.
   */
  readonly decided?: number | undefined;
  /** HTTP statuses for error codes of sources, in addition to the built-in ones. */
  readonly errorStatus?: ErrorStatus | undefined;
}

type StatusOf = (error: GraphQLFormattedError) => number;

/** Returns the problem for errors of required sections. */
export function failure(
  errors: readonly GraphQLFormattedError[],
  { decided, errorStatus }: FailureOptions = {},
): ProblemDetails {
  const statusOf = decided === undefined ? ofGateway(errorStatus) : ofPlugin(errorStatus);
  const status = decided !== undefined && decided >= 400 ? decided : worstStatus(errors, statusOf);
  const isOverloaded =
    status === 503 && errors.some((error) => errorCode(error) === 'OVERLOADED' && !isOfSource(error));
  const isExpired = status === 401 && errors.some((error) => errorCode(error) === 'SUBSCRIPTION_TOKEN_EXPIRED');
  const known = isOverloaded ? OVERLOADED : isExpired ? EXPIRED : KIND_BY_STATUS[status];
  const [kind, detail] = known ?? (status < 500 ? REFUSED : SOURCE_FAILED);
  const shown = errors.map((error) => ({
    path: (error.path ?? []).map(String),
    code: errorCode(error),
    message: error.message,
  }));
  const headers = headersFor(status, errors);
  return { status, kind, detail, extensions: { errors: shown }, ...(headers && { headers }) };
}

function worstStatus(errors: readonly GraphQLFormattedError[], statusOf: StatusOf): number {
  const causes = errors.filter((error) => errorCode(error) !== CONSEQUENCE);
  const statuses = new Set((causes.length > 0 ? causes : errors).map(statusOf));
  const others = [...statuses].sort((a, b) => b - a);
  return others.find((one) => one >= 500 && !PRECEDENCE.includes(one)) ?? firstOf(statuses) ?? others[0] ?? 500;
}

function firstOf(statuses: ReadonlySet<number>): number | undefined {
  return PRECEDENCE.find((one) => statuses.has(one));
}

function isOfSource({ extensions }: GraphQLFormattedError): boolean {
  return typeof extensions?.service === 'string';
}

/**
 * Returns the HTTP status for one error. An error of a source is 502, unless it says that the request was wrong or should
 * be retried later; an unexpected error of the gateway is 500.
 */
function ofGateway(errorStatus: ErrorStatus | undefined): StatusOf {
  return (error) => {
    const code = errorCode(error);
    if (isOfSource(error)) return reportedStatusOf(error, errorStatus) ?? STATUS_BY_CODE.get(code) ?? 502;
    return STATUS_BY_CODE.get(code) ?? STATUS_BY_POLICY_CODE.get(code) ?? 500;
  };
}

/** Returns the same for the errors with which a plugin refuses a request. */
function ofPlugin(errorStatus: ErrorStatus | undefined): StatusOf {
  return (error) => {
    const code = errorCode(error);
    const known = errorStatus?.get(code) ?? STATUS_BY_CODE.get(code) ?? STATUS_BY_POLICY_CODE.get(code);
    return known ?? reportedStatusOf(error, errorStatus) ?? 400;
  };
}

/** Returns `Retry-After` for 429 and 503: RFC 9110, section 10.2.3. */
function headersFor(status: number, errors: readonly GraphQLFormattedError[]): Record<string, string> | undefined {
  if (status !== 429 && status !== 503) return undefined;
  const waits = errors.flatMap((error) => waitSeconds(originalOf(error).extensions?.retryAfter) ?? []);
  return waits.length === 0 ? undefined : { 'retry-after': String(Math.ceil(Math.max(...waits))) };
}
