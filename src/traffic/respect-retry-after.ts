import type { ClientContext, Source, SourceFailure, SubgraphResponse } from '../sources/source.ts';

/** What a response with `Retry-After` said. */
interface Wait {
  readonly status: number;
  /** Seconds, counted from the response. */
  readonly seconds: number;
}

/**
 * Stops further fetches of a client request to a source that has responded to it with `Retry-After`: each gets the same error
 * without being sent, mutations included. Other client requests are not affected. REST sources do the same for each of their APIs.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 */
export function respectRetryAfter(source: Source): Source {
  const { name } = source;
  /** Created with the first `Retry-After`, so that most sources never look anything up. */
  let waits: WeakMap<ClientContext, Wait> | undefined;
  return {
    name,
    send(request, done) {
      const { client } = request;
      const wait = waits?.get(client);
      if (wait !== undefined) return done({ kind: 'failure', failure: notSent(name, wait) });
      source.send(request, (response) => {
        const said = waitOf(response);
        if (said !== undefined) {
          waits ??= new WeakMap();
          waits.set(client, said);
        }
        done(response);
      });
    },
    close: () => source.close(),
  };
}

function waitOf(response: SubgraphResponse): Wait | undefined {
  const { status, retryAfter } = response.kind === 'failure' ? response.failure : response;
  return status !== undefined && retryAfter !== undefined && retryAfter > 0
    ? { status, seconds: retryAfter }
    : undefined;
}

function notSent(name: string, { status, seconds }: Wait): SourceFailure {
  return {
    code: 'SUBREQUEST_HTTP_ERROR',
    message: `The subgraph "${name}" was not called: it returned HTTP status ${status} with Retry-After. Try again in ${seconds} s.`,
    reason: 'Retry-After of the subgraph',
    status,
    retryAfter: seconds,
  };
}
