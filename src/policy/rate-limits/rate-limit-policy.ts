import { type DocumentNode, Kind, TypeInfo, visit, visitWithTypeInfo } from 'graphql';
import type {
  CheckedRequest,
  OperationCheck,
  OperationPolicy,
  PolicyDecision,
} from '../../pipeline/operation-policy.ts';
import type { Supergraph } from '../../supergraph/supergraph.ts';
import { type Cost, costOf } from '../demand/cost.ts';
import type { CostEstimator } from '../demand/demand-policy.ts';
import { withoutDropped } from '../demand/without-dropped.ts';
import { rateLimitHeaders } from './headers.ts';
import type { Requester } from './keys.ts';
import { isAllowed, type LimitCheck, type LimitDecisions, type Limiter } from './limiter.ts';
import { type MatchedLimit, matchLimits } from './matched-limits.ts';
import { droppedParts, type Part, partsFor } from './parts.ts';
import { policyRefusal, requestRefused, retryAfterHeader } from './refuse.ts';
import type { RequestRules } from './request-limits.ts';
import type { SchemaRules } from './rules-of-schema.ts';
import { delayOf, wait } from './wait.ts';

export interface RateLimitPolicyOptions {
  readonly limiter: Limiter;
  readonly rulesOf: (supergraph: Supergraph) => SchemaRules;
  readonly requests: RequestRules;
  readonly operations: ReadonlyMap<string, RequestRules>;
  /** Estimates the cost of operations. */
  readonly costs: CostEstimator;
  /** Whether responses have `RateLimit` headers. */
  readonly headers: boolean;
}

/** The limits of an operation, found once for all its requests. */
interface Inspected {
  readonly matched: readonly MatchedLimit[];
  /** Limits of all requests, and of this operation. */
  readonly whole: readonly RequestRules[];
  /** Returns the cost of a request, without the fields that are dropped from it. */
  readonly cost: (request: CheckedRequest) => Cost;
}

const NO_PARTS: readonly Part[] = [];
const ONE = () => 1;

/** Creates the policy that checks all limits of a request with one call of the limiter. */
export function createRateLimitPolicy(options: RateLimitPolicyOptions): OperationPolicy {
  const { rulesOf, requests, operations } = options;
  return {
    inspect(operation, supergraph): OperationCheck | undefined {
      const matched = matchLimits(operation, rulesOf(supergraph), supergraph.publicSchema);
      const own = operations.get(operation.name ?? '');
      if (matched.length === 0 && own === undefined && requests.size === 0) return undefined;
      const whole = own === undefined ? [requests] : [requests, own];
      const weighsByCost = whole.some((rules) => rules.weighsByCost);
      const cost = weighsByCost
        ? withoutDropped((dropped) => options.costs.estimate(operation, supergraph, { dropped }).cost)
        : ONE;
      const inspected = { matched, whole, cost };
      return { check: (request) => check(options, inspected, request) };
    },
    countsRequests(document, supergraph) {
      return (
        requests.weighsByCost ||
        hasNamed(document, operations) ||
        touchesLimits(document, supergraph, rulesOf(supergraph))
      );
    },
  };
}

function check(
  { limiter, requests, headers }: RateLimitPolicyOptions,
  { matched, whole: rules, cost }: Inspected,
  request: CheckedRequest,
): PolicyDecision | undefined | Promise<PolicyDecision | undefined> {
  const { client } = request;
  const whole: LimitCheck[] = [];
  for (const one of rules) {
    if (one !== requests || client.rateLimitChecked !== true) whole.push(...one.checks(client));
    if (one.weighsByCost) whole.push(...one.weighed(client, costOf(cost(request), request.variables)));
  }
  const parts = matched.length === 0 ? NO_PARTS : partsFor(matched, request);
  if (whole.length === 0 && parts.length === 0) return undefined;
  const result = limiter.check({ whole, parts: parts.map(({ checks }) => checks) });
  const settle = (settled: LimitDecisions) => decisionFor(whole, parts, settled, headers);
  if ('then' in result) return result.then((settled) => delayed(settled, settle(settled), client));
  return delayed(result, settle(result), client);
}

function decisionFor(
  whole: readonly LimitCheck[],
  parts: readonly Part[],
  result: LimitDecisions,
  withHeaders: boolean,
): PolicyDecision {
  const checks = parts.length === 0 ? whole : [...whole, ...parts.flatMap((part) => part.checks)];
  const decisions = parts.length === 0 ? result.whole : [...result.whole, ...result.parts.flat()];
  const headers = withHeaders && result.unavailable !== true ? rateLimitHeaders(checks, decisions) : {};
  if (whole.length > 0 && (result.unavailable === true || !isAllowed(result.whole))) {
    const refused = requestRefused(whole, result);
    return { refusal: policyRefusal(refused), headers: { ...headers, ...retryAfterHeader(refused) } };
  }
  const drop = parts.length === 0 ? [] : droppedParts(parts, result);
  return drop.length === 0 ? { headers } : { headers, drop };
}

/** Delays a request as its leaky bucket demands. */
function delayed(
  result: LimitDecisions,
  decision: PolicyDecision,
  { signal }: CheckedRequest['client'] & Requester,
): PolicyDecision | Promise<PolicyDecision> {
  const delayMs = decision.refusal === undefined ? delayOf(result) : 0;
  return delayMs === 0 ? decision : wait(delayMs, signal).then(() => decision);
}

function hasNamed(document: DocumentNode, operations: ReadonlyMap<string, unknown>): boolean {
  if (operations.size === 0) return false;
  return document.definitions.some(
    (definition) => definition.kind === Kind.OPERATION_DEFINITION && operations.has(definition.name?.value ?? ''),
  );
}

function touchesLimits(document: DocumentNode, { publicSchema }: Supergraph, rules: SchemaRules): boolean {
  if (rules.size === 0) return false;
  let touches = false;
  const types = new TypeInfo(publicSchema);
  const isLimited = (type: string, field: string) =>
    rules.ofType(type).length > 0 || rules.ofField(type, field).length > 0;
  visit(
    document,
    visitWithTypeInfo(types, {
      Field(node) {
        const parent = types.getParentType();
        if (parent && isLimited(parent.name, node.name.value)) touches = true;
      },
    }),
  );
  return touches;
}
