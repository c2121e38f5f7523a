import { recordedStatus } from '../shared/recorded-status.ts';
import type { ClientContext, Source, SubgraphResponse } from '../sources/source.ts';
import { traceOfFetch } from '../telemetry/exemplar-trace.ts';
import type { SubgraphInstruments } from '../telemetry/subgraph-instruments.ts';

/** Measures each fetch: its duration, its status and its error code. Has to be inside the layer that shares requests. */
export function measureFetches(source: Source, { fetchesOf }: Pick<SubgraphInstruments, 'fetchesOf'>): Source {
  const { name } = source;
  const { finished } = fetchesOf(name);
  return {
    name,
    send(request, done) {
      const start = performance.now();
      source.send(request, (response) => {
        const failure = isAborted(response, request.client) ? 'ABORTED' : failureOf(response);
        const seconds = (performance.now() - start) / 1_000;
        finished(recordedStatus(response), failure, seconds, traceOfFetch(request.client));
        done(response);
      });
    },
    close: () => source.close(),
  };
}

/** Returns whether the client disconnected, which is not a failure of the subgraph. */
function isAborted(response: SubgraphResponse, { signal }: ClientContext): boolean {
  return response.kind === 'failure' && signal?.aborted === true && response.failure.code !== 'SUBREQUEST_TIMEOUT';
}

/** Returns the error code of a response. An error status counts as a failure even if the body may be a GraphQL result. */
export function failureOf(response: SubgraphResponse): string | undefined {
  if (response.kind === 'failure') return response.failure.code;
  return response.failed?.code ?? (response.status >= 400 ? 'SUBREQUEST_HTTP_ERROR' : undefined);
}
