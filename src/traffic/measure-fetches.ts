import type { Source } from '../sources/source.ts';
import type { Instruments } from '../telemetry/instruments.ts';

/** Takes note of each fetch: how long it took, and whether it came to an answer. To be the layer next to the source. */
export function measureFetches(source: Source, { fetchFinished }: Pick<Instruments, 'fetchFinished'>): Source {
  const { name } = source;
  return {
    name,
    send(request, done) {
      const start = performance.now();
      source.send(request, (answer) => {
        // nobody waits for it any more: that is no failure of the subgraph's
        const gone = answer.kind === 'failure' && request.client.signal?.aborted === true;
        fetchFinished(name, gone ? 'ABORTED' : failureOf(answer), (performance.now() - start) / 1_000);
        done(answer);
      });
    },
    close: () => source.close(),
  };
}

/** What a source answers with an error status is a failure also where the body may be a GraphQL result. */
function failureOf(answer: Parameters<Parameters<Source['send']>[1]>[0]): string | undefined {
  if (answer.kind === 'failure') return answer.failure.code;
  return answer.status >= 400 ? 'SUBREQUEST_HTTP_ERROR' : undefined;
}
