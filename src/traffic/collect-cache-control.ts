import type { Freshness } from '../client/freshness.ts';
import { readFreshness } from '../client/read-freshness.ts';
import type { ForwardHeaders, Source, SourceRequest, SubgraphResponse } from '../sources/source.ts';

type TextResponse = Extract<SubgraphResponse, { kind: 'text' }>;

/** Tells each client request how long the answers hold that it gets. To be the outermost layer round a source. */
export function collectCacheControl(source: Source): Source {
  return telling(source, (answer) => answer.freshness);
}

/** The same for a source that hands on the headers of its answers: by these. `forward`: what it is sent by rules. */
export function collectCacheControlFromHeaders(source: Source, forward?: ForwardHeaders): Source {
  return telling(source, ({ headers }, { client }) =>
    readFreshness(recordOf(headers ?? []), client.headers, undefined, forward?.(client).ofIdentity),
  );
}

function telling(
  source: Source,
  read: (answer: TextResponse, request: SourceRequest) => Freshness | undefined,
): Source {
  return {
    name: source.name,
    send(request, done) {
      const { freshness } = request.client;
      if (freshness === undefined) return source.send(request, done);
      source.send(request, (answer) => {
        if (answer.kind === 'text') freshness.record(read(answer, request));
        done(answer);
      });
    },
    close: () => source.close(),
  };
}

/** Several lines of one name are one value (RFC 9110, section 5.3). */
function recordOf(pairs: readonly string[]): Record<string, string> {
  const record: Record<string, string> = Object.create(null);
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    const name = pairs[at] as string;
    record[name] = record[name] === undefined ? (pairs[at + 1] as string) : `${record[name]}, ${pairs[at + 1]}`;
  }
  return record;
}
