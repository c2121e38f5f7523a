import { hash } from 'node:crypto';
import { callerKey } from '../../client/depends-on.ts';
import { ExactNumber, stringifyJson } from '../../shared/exact-json.ts';
import { Cancellation } from '../../sources/cancellation.ts';
import type { StoreUnavailable } from '../../store/redis.ts';
import { createFreshResponse, type EndpointCall, mayDifferByClient, requesterOf } from '../handlers/fresh-response.ts';
import { type EndpointResponse, type ProblemDetails, problemResponse } from '../responses/endpoint-response.ts';
import type { IdempotencyRule } from './rule.ts';

const LONGEST_KEY = 255;

/** Answers a request that changes something, once for each `Idempotency-Key` of a caller. */
export async function answerOnce(endpointCall: EndpointCall, rule: IdempotencyRule): Promise<EndpointResponse> {
  const { call, endpoint, bff, variables } = endpointCall;
  const given = keyOf(call.req.headers['idempotency-key']);
  if (given === undefined) {
    if (rule.required) return problemResponse(KEY_MISSING, call.path);
    return bff.sharedExecutions.join(
      undefined,
      call.res,
      async (cancellation) => (await createFreshResponse(endpointCall, cancellation)).response,
    );
  }
  if (given.length === 0 || given.length > LONGEST_KEY) return problemResponse(KEY_INVALID, call.path);
  const caller = callerOf(endpointCall);
  const repetition = await bff.once.answer({
    key: hash('sha256', JSON.stringify([endpoint.id, caller, given]), 'base64url'),
    payload: hash('sha256', canonical(variables), 'base64url'),
    windowMs: rule.windowMs,
    timeoutMs: endpoint.settings.limits.timeout ?? bff.timeoutMs,
    // what was begun is brought to its end, even where the client does not wait for it
    run: async () => {
      const { response, reachedNoSource } = await createFreshResponse(endpointCall, new Cancellation());
      return { response, keep: !reachedNoSource };
    },
  });
  switch (repetition.kind) {
    case 'reply':
      if (!repetition.replayed) return repetition.response;
      return { ...repetition.response, headers: { ...repetition.response.headers, 'idempotency-replayed': 'true' } };
    case 'other-payload':
      return problemResponse(KEY_REUSED, call.path);
    case 'still-running':
      return problemResponse(STILL_RUNNING, call.path);
    case 'unknown':
      call.notes.reason = `idempotency keys: ${repetition.error.message}`;
      return problemResponse(unknown(repetition.error), call.path);
  }
}

/** A key is its caller's own: what another one has chosen, even by chance, is another key. */
function callerOf({ call, snapshot, endpoint, bff }: EndpointCall): string {
  const { dependsOn } = bff;
  const isDecided = dependsOn?.decidesByAddress === true && mayDifferByClient(snapshot, endpoint);
  return callerKey(requesterOf(call), dependsOn, isDecided);
}

/** The header is a structured text, in quotes; many clients leave these away. */
function keyOf(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const text = (Array.isArray(header) ? header.join() : header).trim();
  return /^"(.*)"$/.exec(text)?.[1] ?? text;
}

/** The same for the same values, in whatever order an object names its members. */
function canonical(value: unknown): string {
  return stringifyJson(sorted(value)) ?? 'null';
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null || value instanceof ExactNumber) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, inner]) => [name, sorted(inner)]));
}

const KEY_MISSING: ProblemDetails = {
  status: 400,
  kind: 'idempotency-key-missing',
  detail: 'This endpoint needs an Idempotency-Key: a text of your choice that is new for each thing to be done.',
};
const KEY_INVALID: ProblemDetails = {
  status: 400,
  kind: 'idempotency-key-invalid',
  detail: `An Idempotency-Key has 1 to ${LONGEST_KEY} characters.`,
};
const KEY_REUSED: ProblemDetails = {
  status: 422,
  kind: 'idempotency-key-reused',
  detail: 'This Idempotency-Key was used before, with other parameters. Choose a new one for another request.',
};
const STILL_RUNNING: ProblemDetails = {
  status: 409,
  kind: 'idempotency-key-in-use',
  detail: 'The first request with this Idempotency-Key is still being worked on.',
  headers: { 'retry-after': '1' },
};

/** What the store itself says of its failure may name addresses, so it goes to the log alone. */
function unknown({ waitedMs }: StoreUnavailable): ProblemDetails {
  const reason = waitedMs === undefined ? 'is unavailable' : `did not answer within ${waitedMs} ms`;
  return {
    status: 503,
    kind: 'idempotency-unknown',
    detail: `It cannot be told just now whether this Idempotency-Key was used before: the store of keys ${reason}. Nothing was done.`,
    headers: { 'retry-after': '1' },
  };
}
