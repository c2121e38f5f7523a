import type { GraphQLFormattedError } from 'graphql';
import type { EngineAnswer } from '../engine/engine.ts';
import type { Endpoint } from './endpoints/endpoints.ts';
import { errorCode, reshape, settleErrors } from './endpoints/shape.ts';
import { jsonReply, type ProblemDetails, problemReply, type Reply } from './reply.ts';

const STATUS_BY_CODE: ReadonlyMap<string, number> = new Map([
  ['SUBREQUEST_HTTP_ERROR', 502],
  ['SUBREQUEST_MALFORMED_RESPONSE', 502],
  ['SUBGRAPH_CIRCUIT_BREAKER_REJECTED', 502],
  ['INVALID_NULL_OR_TYPE', 502],
  ['SUBREQUEST_TIMEOUT', 504],
  ['GATEWAY_TIMEOUT', 504],
  ['BAD_USER_INPUT', 400],
]);

/** Codes of the gateway's own policies. */
const STATUS_BY_POLICY_CODE: ReadonlyMap<string, number> = new Map([
  ['UNAUTHENTICATED', 401],
  ['UNAUTHORIZED_FIELD_OR_TYPE', 403],
  ['RATE_LIMITED', 429],
]);

/** Where several errors meet, the first of these that occurs is the status of the answer. */
const PRECEDENCE = [500, 502, 504, 401, 403, 429, 400];

const KIND_BY_STATUS: Readonly<Record<number, readonly [kind: string, detail: string]>> = {
  400: ['refused', 'What was given is not accepted.'],
  401: ['unauthenticated', 'Credentials are needed that were not given.'],
  403: ['forbidden', 'These credentials do not allow all that this endpoint reads.'],
  429: ['rate-limited', 'This has been asked for too often.'],
  502: ['source-failed', 'A service behind this endpoint failed.'],
  504: ['source-timeout', 'A service behind this endpoint did not answer in time.'],
  500: ['failed', 'The answer could not be made.'],
};

/** Makes the HTTP answer of an endpoint out of the engine's, as text whenever nothing has to be moved in it. */
export function answerReply(endpoint: Endpoint, answer: EngineAnswer, instance: string): Reply {
  const reply = replyOf(endpoint, answer, instance);
  return answer.headers ? { ...reply, headers: { ...reply.headers, ...answer.headers } } : reply;
}

function replyOf(endpoint: Endpoint, answer: EngineAnswer, instance: string): Reply {
  const { dataText, errors } = answer;
  if (dataText === undefined) return problemReply(failure(errors, answer.status), instance);
  if (errors.length === 0 && !endpoint.sections.reshapes && !mayMissEntity(endpoint, dataText))
    return jsonReply(dataText);

  const data: unknown = JSON.parse(dataText);
  const { partial, failures } = settleErrors(endpoint.sections, data, errors);
  if (failures.length > 0) return problemReply(failure(failures), instance);
  const missing = endpoint.entityKeys.find((key) => (data as Record<string, unknown>)[key] === null);
  if (missing !== undefined) {
    const detail = `There is no such ${JSON.stringify(missing)}.`;
    return problemReply({ status: 404, kind: 'not-found', detail }, instance);
  }
  const shaped = reshape(endpoint.sections, data) as object;
  return jsonReply(JSON.stringify(partial.length === 0 ? shaped : { ...shaped, meta: { partial } }));
}

/**
 * Cheaper than parsing, since the engine writes JSON without spaces. The key may stand deeper in the data too, which a
 * closer look then tells.
 */
function mayMissEntity(endpoint: Endpoint, dataText: string): boolean {
  return endpoint.entityKeys.some((key) => dataText.includes(`"${key}":null`));
}

/** @param decided the status that a policy has chosen */
function failure(errors: readonly GraphQLFormattedError[], decided?: number): ProblemDetails {
  const statuses = new Set(errors.map(statusOf));
  const status = decided ?? PRECEDENCE.find((one) => statuses.has(one)) ?? 500;
  const [kind, detail] = KIND_BY_STATUS[status] ?? ['failed', 'The answer could not be made.'];
  const shown = errors.map((error) => ({ path: error.path ?? [], code: errorCode(error), message: error.message }));
  return { status, kind, detail, extensions: { errors: shown } };
}

/** An error that a source reported itself is the source's failure, whatever its code; one that nobody foresaw is ours. */
function statusOf(error: GraphQLFormattedError): number {
  const code = errorCode(error);
  if (typeof error.extensions?.service === 'string') return STATUS_BY_CODE.get(code) ?? 502;
  return STATUS_BY_CODE.get(code) ?? STATUS_BY_POLICY_CODE.get(code) ?? 500;
}
