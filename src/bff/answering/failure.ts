import type { GraphQLFormattedError } from 'graphql';
import type { ProblemDetails } from '../delivery/reply.ts';
import { errorCode } from '../endpoints/shape.ts';

const STATUS_BY_CODE: ReadonlyMap<string, number> = new Map([
  ['SUBREQUEST_HTTP_ERROR', 502],
  ['SUBREQUEST_MALFORMED_RESPONSE', 502],
  ['SUBGRAPH_CIRCUIT_BREAKER_REJECTED', 502],
  ['INVALID_NULL_OR_TYPE', 502],
  ['SUBREQUEST_TIMEOUT', 504],
  ['GATEWAY_TIMEOUT', 504],
  ['BAD_USER_INPUT', 400],
]);

/** Codes of the gateway's own policies, and of its own limits. */
const STATUS_BY_POLICY_CODE: ReadonlyMap<string, number> = new Map([
  ['UNAUTHENTICATED', 401],
  ['UNAUTHORIZED_FIELD_OR_TYPE', 403],
  ['RATE_LIMITED', 429],
  ['OVERLOADED', 503],
]);

/** Where several errors meet, the first of these that occurs is the status of the answer. */
const PRECEDENCE = [500, 503, 502, 504, 401, 403, 429, 400];

const KIND_BY_STATUS: Readonly<Record<number, readonly [kind: string, detail: string]>> = {
  400: ['refused', 'What was given is not accepted.'],
  401: ['unauthenticated', 'Credentials are needed that were not given.'],
  403: ['forbidden', 'These credentials do not allow all that this endpoint reads.'],
  429: ['rate-limited', 'This has been asked for too often.'],
  502: ['source-failed', 'A service behind this endpoint failed.'],
  503: ['service-unavailable', 'This cannot be answered at this moment.'],
  504: ['source-timeout', 'A service behind this endpoint did not answer in time.'],
  500: ['failed', 'The answer could not be made.'],
};

const OVERLOADED = ['overloaded', 'More is asked for at this moment than there is memory for.'] as const;

/**
 * The problem that errors of required sections come to.
 * @param decided the status that a policy has chosen
 */
export function failure(errors: readonly GraphQLFormattedError[], decided?: number): ProblemDetails {
  const statuses = new Set(errors.map(statusOf));
  const status = decided ?? PRECEDENCE.find((one) => statuses.has(one)) ?? 500;
  const isOverloaded = status === 503 && errors.some((error) => errorCode(error) === 'OVERLOADED');
  const known = isOverloaded ? OVERLOADED : KIND_BY_STATUS[status];
  const [kind, detail] = known ?? ['failed', 'The answer could not be made.'];
  const shown = errors.map((error) => ({
    path: (error.path ?? []).map(String),
    code: errorCode(error),
    message: error.message,
  }));
  const headers = headersFor(status, errors);
  return { status, kind, detail, extensions: { errors: shown }, ...(headers && { headers }) };
}

/** An error that a source reported itself is the source's failure, whatever its code; one that nobody foresaw is ours. */
function statusOf(error: GraphQLFormattedError): number {
  const code = errorCode(error);
  if (typeof error.extensions?.service === 'string') return STATUS_BY_CODE.get(code) ?? 502;
  return STATUS_BY_CODE.get(code) ?? STATUS_BY_POLICY_CODE.get(code) ?? 500;
}

/** RFC 9110, section 10.2.3: 429 and 503 say when to come again. */
function headersFor(status: number, errors: readonly GraphQLFormattedError[]): Record<string, string> | undefined {
  if (status !== 429 && status !== 503) return undefined;
  const waits = errors.map((error) => Number(error.extensions?.retryAfter)).filter((wait) => wait > 0);
  return waits.length === 0 ? undefined : { 'retry-after': String(Math.ceil(Math.max(...waits))) };
}
