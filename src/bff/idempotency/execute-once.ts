import { hash } from 'node:crypto';
import { callerKey } from '../../client/dependency-keys.ts';
import { type ProblemDetails, problemResponse } from '../../http/problem.ts';
import { ClientDisconnected } from '../../shared/client-disconnected.ts';
import { ExactNumber, stringifyJson } from '../../shared/exact-json.ts';
import { GatewayError } from '../../shared/gateway-error.ts';
import { Cancellation } from '../../sources/cancellation.ts';
import type { StoreUnavailable } from '../../store/redis.ts';
import { FAILED } from '../handlers/failure.ts';
import { createFreshResponse, type EndpointCall, requesterOf } from '../handlers/fresh-response.ts';
import type { EndpointResponse } from '../responses/endpoint-response.ts';
import type { IdempotencyRule } from './rule.ts';

const MAX_KEY_LENGTH = 255;

/** Executes a mutation once for each `Idempotency-Key` of a caller. */
export async function executeOnce(endpointCall: EndpointCall, rule: IdempotencyRule): Promise<EndpointResponse> {
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
  if (given.length === 0 || given.length > MAX_KEY_LENGTH) return problemResponse(KEY_INVALID, call.path);
  // the same key of different callers is a different key
  const caller = callerKey(requesterOf(call), endpointCall.dependsOn);
  const outcome = await bff.idempotency.execute({
    key: hash('sha256', JSON.stringify([endpoint.id, caller, given]), 'base64url'),
    payload: hash('sha256', canonical(variables), 'base64url'),
    windowMs: rule.windowMs,
    timeoutMs: endpoint.settings.limits.timeout ?? bff.timeoutMs,
    // never aborted: a mutation that has started runs to its end, even if the client disconnects
    run: async () => {
      const { response, reachedNoSource } = await createFreshResponse(endpointCall, new Cancellation());
      return { response, store: !reachedNoSource };
    },
    // a shape module, for example, fails after the mutation was executed
    afterError: (error) =>
      error instanceof GatewayError || error instanceof ClientDisconnected
        ? undefined
        : problemResponse(FAILED, call.path),
  });
  switch (outcome.kind) {
    case 'response':
      if (!outcome.replayed) return outcome.response;
      return { ...outcome.response, headers: { ...outcome.response.headers, 'idempotency-replayed': 'true' } };
    case 'key-reused':
      return problemResponse(KEY_REUSED, call.path);
    case 'still-running':
      return problemResponse(STILL_RUNNING, call.path);
    case 'store-unavailable':
      call.notes.reason = `idempotency keys: ${outcome.error.message}`;
      return problemResponse(storeUnavailable(outcome.error), call.path);
  }
}

/** Reads the key. The header is a structured string in quotes; many clients send it without. */
function keyOf(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const text = (Array.isArray(header) ? header.join() : header).trim();
  return /^"(.*)"$/.exec(text)?.[1] ?? text;
}

/** Returns the same text for equal values, regardless of the order of object members. */
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
  detail: 'This endpoint requires an Idempotency-Key header. Send a new unique value for each operation.',
};
const KEY_INVALID: ProblemDetails = {
  status: 400,
  kind: 'idempotency-key-invalid',
  detail: `An Idempotency-Key has 1 to ${MAX_KEY_LENGTH} characters.`,
};
const KEY_REUSED: ProblemDetails = {
  status: 422,
  kind: 'idempotency-key-reused',
  detail: 'This Idempotency-Key was already used with other parameters. Use a new one for another request.',
};
const STILL_RUNNING: ProblemDetails = {
  status: 409,
  kind: 'idempotency-key-in-use',
  detail: 'The first request with this Idempotency-Key is still in progress.',
  headers: { 'retry-after': '1' },
};

/** The error of the store may contain addresses, so it is only logged. */
function storeUnavailable({ waitedMs }: StoreUnavailable): ProblemDetails {
  const reason = waitedMs === undefined ? 'is unavailable' : `did not respond within ${waitedMs} ms`;
  return {
    status: 503,
    kind: 'idempotency-unknown',
    detail: `The gateway cannot check this Idempotency-Key right now: the store of keys ${reason}. Nothing was executed. Try again later.`,
    headers: { 'retry-after': '1' },
  };
}
