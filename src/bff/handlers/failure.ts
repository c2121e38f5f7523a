import type { GraphQLFormattedError } from 'graphql';
import { originalOf } from '../../shared/original-error.ts';
import { errorCode } from '../endpoints/shape.ts';
import type { ProblemDetails } from '../responses/reply.ts';
import { type ErrorStatus, reportedStatusOf } from './source-status.ts';

const STATUS_BY_CODE: ReadonlyMap<string, number> = new Map([
  ['SUBREQUEST_HTTP_ERROR', 502],
  ['SUBREQUEST_MALFORMED_RESPONSE', 502],
  ['SUBGRAPH_CIRCUIT_BREAKER_REJECTED', 502],
  ['INVALID_NULL_OR_TYPE', 502],
  ['SUBREQUEST_TIMEOUT', 504],
  ['GATEWAY_TIMEOUT', 504],
]);

/** Codes of the gateway's own policies, and of its own limits. */
const STATUS_BY_POLICY_CODE: ReadonlyMap<string, number> = new Map([
  ['UNAUTHENTICATED', 401],
  ['UNAUTHORIZED_FIELD_OR_TYPE', 403],
  ['RATE_LIMITED', 429],
  ['OVERLOADED', 503],
  ['BAD_USER_INPUT', 400],
  ['COST_ESTIMATED_TOO_EXPENSIVE', 400],
  ['MAX_VARIABLES_DEPTH_LIMIT', 400],
  ['MAX_VARIABLES_BYTES_LIMIT', 400],
]);

/** What follows from another error, where there is one. */
const CONSEQUENCE = 'REQUIRED_INPUT_MISSING';

/** Where several errors meet, the first of these that occurs is the status of the answer; others come after them. */
const PRECEDENCE = [500, 503, 502, 504, 401, 403, 429, 404, 410, 409, 412, 413, 422, 400];

const REFUSED = ['refused', 'What was given is not accepted.'] as const;
const SOURCE_FAILED = ['source-failed', 'A service behind this endpoint failed.'] as const;

const KIND_BY_STATUS: Readonly<Record<number, readonly [kind: string, detail: string]>> = {
  400: REFUSED,
  401: ['unauthenticated', 'Credentials are needed that were not given.'],
  403: ['forbidden', 'These credentials do not allow all that this endpoint reads.'],
  404: ['not-found', 'There is no such thing.'],
  409: ['conflict', 'This conflicts with what is there.'],
  410: ['gone', 'This was there, and was removed.'],
  429: ['rate-limited', 'This has been asked for too often.'],
  502: SOURCE_FAILED,
  503: ['service-unavailable', 'This cannot be answered at this moment.'],
  504: ['source-timeout', 'A service behind this endpoint did not answer in time.'],
  500: ['failed', 'The answer could not be made.'],
};

const OVERLOADED = ['overloaded', 'More is asked for at this moment than there is memory for.'] as const;

export interface FailureOptions {
  /** The status that a policy has chosen. */
  readonly decided?: number | undefined;
  /** Statuses for codes of sources, beside those that are known. */
  readonly errorStatus?: ErrorStatus | undefined;
}

/** The problem that errors of required sections come to. */
export function failure(
  errors: readonly GraphQLFormattedError[],
  { decided, errorStatus }: FailureOptions = {},
): ProblemDetails {
  const status = decided ?? worstStatus(errors, errorStatus);
  const isOverloaded =
    status === 503 && errors.some((error) => errorCode(error) === 'OVERLOADED' && !isOfSource(error));
  const known = isOverloaded ? OVERLOADED : KIND_BY_STATUS[status];
  const [kind, detail] = known ?? (status < 500 ? REFUSED : SOURCE_FAILED);
  const shown = errors.map((error) => ({
    path: (error.path ?? []).map(String),
    code: errorCode(error),
    message: error.message,
  }));
  const headers = headersFor(status, errors);
  return { status, kind, detail, extensions: { errors: shown }, ...(headers && { headers }) };
}

function worstStatus(errors: readonly GraphQLFormattedError[], errorStatus: ErrorStatus | undefined): number {
  const causes = errors.filter((error) => errorCode(error) !== CONSEQUENCE);
  const statuses = new Set((causes.length > 0 ? causes : errors).map((error) => statusOf(error, errorStatus)));
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
 * What a source reports is the source's failure, unless it says that the request was wrong or should come later; an error
 * that nobody foresaw is the gateway's.
 */
function statusOf(error: GraphQLFormattedError, errorStatus: ErrorStatus | undefined): number {
  const code = errorCode(error);
  if (isOfSource(error)) return reportedStatusOf(error, errorStatus) ?? STATUS_BY_CODE.get(code) ?? 502;
  return STATUS_BY_CODE.get(code) ?? STATUS_BY_POLICY_CODE.get(code) ?? 500;
}

/** RFC 9110, section 10.2.3: 429 and 503 say when to come again. */
function headersFor(status: number, errors: readonly GraphQLFormattedError[]): Record<string, string> | undefined {
  if (status !== 429 && status !== 503) return undefined;
  const waits = errors.map((error) => Number(originalOf(error).extensions?.retryAfter)).filter((wait) => wait > 0);
  return waits.length === 0 ? undefined : { 'retry-after': String(Math.ceil(Math.max(...waits))) };
}
