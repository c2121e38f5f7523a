import type { SendApiRequest } from '../sources/rest/api-transport.ts';
import type { Source, SourceRequest } from '../sources/source.ts';

export interface RetryOptions {
  /** Timeout of both attempts together, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether the second attempt goes to another URL, where the subgraph has several. */
  readonly avoidsTried?: boolean | undefined;
}

/**
 * Sends a read once more when its connection was lost before any byte of the response: usually the subgraph closed an idle
 * connection at the moment of use. A mutation may have been executed before the connection was lost, so it is never sent
 * twice.
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-9.3.1
 */
export function retryLostConnections(source: Source, { timeoutMs, avoidsTried }: RetryOptions): Source {
  return {
    name: source.name,
    send(request, done) {
      if (request.operationType !== 'query') return source.send(request, done);
      const deadline = performance.now() + timeoutMs;
      // released with the response: a dead closure that V8 has made old would keep the body until the next full collection
      let retry: SourceRequest | undefined = avoidsTried ? { ...request, tried: new Set() } : request;
      source.send(retry, (response) => {
        const again = retry;
        retry = undefined;
        if (again === undefined || response.kind !== 'failure' || response.failure.isConnectionLoss !== true)
          done(response);
        else source.send({ ...again, deadline: Math.min(deadline, again.deadline ?? deadline) }, done);
      });
    },
    close: () => source.close(),
  };
}

/** Does the same for calls of a connector. Sends `GET` once more, other methods never. */
export function retryLostApiReads(send: SendApiRequest): SendApiRequest {
  return (request) => {
    if (request.method !== 'GET') return send(request);
    return send(request).catch((error: unknown) => {
      if ((error as { readonly isConnectionLoss?: boolean }).isConnectionLoss !== true) throw error;
      return send(request);
    });
  };
}
