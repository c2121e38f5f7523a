import type { Source, SubgraphResponse } from '../sources/source.ts';
import type { Instruments } from '../telemetry/instruments.ts';

/** Measures each fetch: its duration and its error code. Has to be inside the layer that shares requests. */
export function measureFetches(source: Source, { fetchFinished }: Pick<Instruments, 'fetchFinished'>): Source {
  const { name } = source;
  return {
    name,
    send(request, done) {
      const start = performance.now();
      source.send(request, (response) => {
        // the client disconnected, which is not a failure of the subgraph
        const isAborted = response.kind === 'failure' && request.client.signal?.aborted === true;
        fetchFinished(name, isAborted ? 'ABORTED' : failureOf(response), (performance.now() - start) / 1_000);
        done(response);
      });
    },
    close: () => source.close(),
  };
}

/** Returns the error code of a response. An error status counts as a failure even if the body may be a GraphQL result. */
export function failureOf(response: SubgraphResponse): string | undefined {
  if (response.kind === 'failure') return response.failure.code;
  return response.failed?.code ?? (response.status >= 400 ? 'SUBREQUEST_HTTP_ERROR' : undefined);
}
