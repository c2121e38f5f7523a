import type { Freshness } from '../client/freshness.ts';
import { headerMap, readFreshness } from '../client/read-freshness.ts';
import type { ForwardHeaders, Source, SourceRequest, SubgraphResponse } from '../sources/source.ts';

type CompleteResponse = Exclude<SubgraphResponse, { kind: 'failure' }>;

/** Records for each client request how long its responses may be cached. Has to be an outer layer of a source. */
export function collectCacheControl(source: Source): Source {
  return recording(source, (response) => response.freshness);
}

/** Does the same for a source that returns response headers. `forward` returns the headers that rules send to the source. */
export function collectCacheControlFromHeaders(source: Source, forward?: ForwardHeaders): Source {
  return recording(
    source,
    // a response from the cache has its freshness in place of headers
    ({ headers, freshness }, { client }) =>
      freshness ??
      readFreshness(headerMap(headers ?? []), client.headers, undefined, forward?.(client).identityHeaders),
  );
}

function recording(
  source: Source,
  read: (response: CompleteResponse, request: SourceRequest) => Freshness | undefined,
): Source {
  return {
    name: source.name,
    send(request, done) {
      const { freshness } = request.client;
      if (freshness === undefined) return source.send(request, done);
      source.send(request, (response) => {
        if (response.kind !== 'failure') freshness.record(read(response, request));
        done(response);
      });
    },
    close: () => source.close(),
  };
}
