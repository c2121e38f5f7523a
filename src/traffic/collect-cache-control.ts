import type { Freshness } from '../client/freshness.ts';
import { readFreshness } from '../client/read-freshness.ts';
import type { ForwardHeaders, Source, SourceRequest, SubgraphResponse } from '../sources/source.ts';

type CompleteResponse = Exclude<SubgraphResponse, { kind: 'failure' }>;

/** Records for each client request how long its responses may be cached. Has to be an outer layer of a source. */
export function collectCacheControl(source: Source): Source {
  return recording(source, (response) => response.freshness);
}

/** Does the same for a source that returns response headers. `forward` returns the headers that rules send to the source. */
export function collectCacheControlFromHeaders(source: Source, forward?: ForwardHeaders): Source {
  return recording(source, ({ headers }, { client }) =>
    readFreshness(recordOf(headers ?? []), client.headers, undefined, forward?.(client).identityHeaders),
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

/** Returns a flat list as an object. Joins several lines of one name into one value (RFC 9110, section 5.3). */
function recordOf(pairs: readonly string[]): Record<string, string> {
  const record: Record<string, string> = Object.create(null);
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    const name = pairs[at] as string;
    record[name] = record[name] === undefined ? (pairs[at + 1] as string) : `${record[name]}, ${pairs[at + 1]}`;
  }
  return record;
}
