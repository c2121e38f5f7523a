import type { EndpointSection } from '../config/sections/endpoints.ts';
import type { SubgraphTraffic } from '../config/sections/traffic-shaping.ts';
import type { ApiLayer } from '../sources/rest/api-transport.ts';
import { callApiSafely } from '../traffic/api-calls.ts';
import { HedgeShare } from '../traffic/hedge-share.ts';
import { LOST_CONNECTIONS, type RetryPolicy } from '../traffic/retry.ts';
import { errorCodeFinder } from '../traffic/retryable-errors.ts';
import type { StackParts } from '../traffic/stack.ts';
import type { TrafficState } from '../traffic/traffic-state.ts';

type CallParts = Pick<StackParts, 'deadline' | 'retry' | 'hedge' | 'concurrency' | 'breaker'>;

/**
 * Returns the settings of the layers around each call of a subgraph. Groups that are off in the config are left out. Several URLs have
 * a circuit breaker each, inside the balancer.
 */
export function callParts(
  subgraph: string,
  urls: EndpointSection,
  traffic: SubgraphTraffic,
  state: TrafficState,
): CallParts {
  const [only] = urls;
  const { timeout: timeoutMs, hedge, concurrency, circuit_breaker: breaker } = traffic;
  const retry = { ...retryPolicy(subgraph, traffic, state), avoidsTried: urls.length > 1 };
  const needsDeadline = hedge || concurrency || traffic.retry || traffic.try_timeout || traffic.deadline;
  return {
    deadline: needsDeadline ? { timeoutMs } : undefined,
    retry,
    hedge: hedge && {
      after: hedge.after ?? 'p95',
      maxShare: hedge.max_share ?? 0,
      latencies: state.latenciesOf(subgraph),
      budget: retry.budget,
      onHedge: (result) => state.hedged(subgraph, result),
      hasRetryableError: retry.hasRetryableError,
    },
    concurrency: concurrency && { bulkhead: state.bulkheadOf(subgraph, concurrency), timeoutMs },
    breaker: breaker && only && urls.length === 1 ? state.breakerOf(subgraph, only.url, breaker) : undefined,
  };
}

/** Returns the layer around the calls of a connector, in place of those. */
export function apiLayer(subgraph: string, traffic: SubgraphTraffic, state: TrafficState, plugins: boolean): ApiLayer {
  const retry = retryPolicy(subgraph, traffic, state);
  const { concurrency, circuit_breaker: breaker, deadline, hedge } = traffic;
  const share = hedge && new HedgeShare(hedge.max_share ?? 0, retry.budget);
  return (send, origin) =>
    callApiSafely(send, {
      subgraph,
      retry,
      hedge: hedge &&
        share && {
          share,
          after: hedge.after ?? 'p95',
          latencies: state.latenciesOf(subgraph, origin),
          onHedge: (result) => state.hedged(subgraph, result),
        },
      bulkhead: concurrency && state.bulkheadOf(subgraph, concurrency, origin),
      breaker: breaker && state.breakerOf(subgraph, origin, breaker),
      deadlineHeader: deadline?.header,
      plugins,
    });
}

function retryPolicy(subgraph: string, traffic: SubgraphTraffic, state: TrafficState): RetryPolicy {
  const { timeout: timeoutMs, try_timeout: tryTimeoutMs, retry } = traffic;
  return {
    ...(retry ? { maxAttempts: retry.max_attempts, on: new Set(retry.on), backoff: retry.backoff } : LOST_CONNECTIONS),
    timeoutMs,
    tryTimeoutMs,
    budget: state.budgetOf(subgraph, retry),
    hasRetryableError: errorCodeFinder(retry?.error_codes),
    onRetry: (reason, isDenied) => state.retried(subgraph, reason, isDenied),
  };
}
