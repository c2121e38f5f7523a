import { errorCodes, labelOf } from '../shared/error-codes.ts';
import type { ResponseObserver, SubgraphResponse } from '../sources/source.ts';
import type { Instruments } from '../telemetry/instruments.ts';
import type { GraphqlErrorLog } from './graphql-error-log.ts';
import { failureOf } from './measure-fetches.ts';
import { loggedRequest, type Outages } from './outages.ts';

export interface ObserverParts {
  readonly instruments: Pick<Instruments, 'fetchMalformed' | 'graphqlErrors'> | undefined;
  readonly outages: Pick<Outages, 'failed'>;
  readonly graphqlErrors: Pick<GraphqlErrorLog, 'record'>;
}

/**
 * Creates the observer that completes what the layers `measure` and `outages` see: they pass on responses as texts, and only the
 * executor and plain GraphQL services parse them. The metrics count a response that several requests share once, and a
 * failed fetch once; the log counts each request.
 */
export function observeResponses({ instruments, outages, graphqlErrors }: ObserverParts): ResponseObserver {
  const counted = { failures: new WeakSet<SubgraphResponse>(), errors: new WeakSet<SubgraphResponse>() };
  return {
    failed(subgraph, response, failure, client) {
      if (isObserved(response)) return;
      outages.failed(subgraph, failure, client && loggedRequest(client));
      const received = originOf(response);
      const isCounted = received.kind !== 'failure' && failureOf(received) !== undefined;
      if (instruments && !isCounted && isFirst(counted.failures, received)) {
        instruments.fetchMalformed(subgraph, failure.code);
      }
    },
    graphqlErrors(subgraph, response, errors, hasData, client) {
      // the errors report the failure, which is counted already
      if (isObserved(response) || (response.kind !== 'failure' && response.failed !== undefined)) return;
      const codes = errorCodes(errors);
      graphqlErrors.record(subgraph, codes, hasData, client && loggedRequest(client));
      if (!instruments || !isFirst(counted.errors, originOf(response))) return;
      for (const label of new Set([...codes].map(labelOf))) instruments.graphqlErrors(subgraph, label);
    },
  };
}

function isObserved(response: SubgraphResponse): boolean {
  return response.kind !== 'failure' && response.isObserved === true;
}

function originOf(response: SubgraphResponse): SubgraphResponse {
  return response.kind === 'failure' ? response : (response.madeFrom ?? response);
}

function isFirst(counted: WeakSet<SubgraphResponse>, response: SubgraphResponse): boolean {
  if (counted.has(response)) return false;
  counted.add(response);
  return true;
}
