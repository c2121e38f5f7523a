import { parseJson, stringifyJson } from '../../shared/exact-json.ts';
import { parseIfLong, reportUnreadable } from '../long-text.ts';
import type { FetchParts, ResponseObserver, Source, SourceRequest, SubgraphResponse } from '../source.ts';
import type { RenamedRequest } from './request-names.ts';

/** A document in the names of the service. */
export interface RenamedQuery {
  readonly query: string;
  readonly renamed: RenamedRequest;
}

export interface RenamedUpstream {
  /** Sends requests to the service. */
  readonly upstream: Source;
  readonly graphTypes: ReadonlyMap<string, string>;
  /** Returns a document of the gateway in the names of the service. */
  readonly rename: (query: string) => RenamedQuery;
  readonly observer?: ResponseObserver | undefined;
}

/** The body of a request. */
export interface SentBody {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
}

/** Sends a request in the names of the service, and gives types in the response the names of the graph. */
export function sendRenamed(
  { upstream, graphTypes, rename, observer }: RenamedUpstream,
  request: SourceRequest,
  given: SentBody,
  done: (response: SubgraphResponse) => void,
): void {
  const { body, restore } = renameBody(given, rename);
  const parts = request.parts && renameParts(request.parts, graphTypes, rename);
  const sent = { ...request, body, sharedBody: undefined, parts };
  if (restore === undefined) return upstream.send(sent, done);
  upstream.send(sent, (response) => {
    const read = parseIfLong(upstream.name, response, sent);
    if (!(read instanceof Promise)) return done(restored(read, response, restore));
    void read.then((parsed) => {
      reportUnreadable(observer, upstream.name, response, parsed, sent.client);
      done(restored(parsed, response, restore));
    });
  });
}

type Rename = RenamedUpstream['rename'];

function renameBody({ query: own, variables }: SentBody, rename: Rename) {
  const { query, renamed } = rename(own);
  return { body: stringifyJson({ query, variables }) as string, restore: renamed.restore };
}

/** Returns parts that write bodies in the names of the service. */
function renameParts(parts: FetchParts, graphTypes: ReadonlyMap<string, string>, rename: Rename): FetchParts {
  return {
    planned: parts.planned,
    graphTypes,
    lookups: () => parts.lookups(),
    rootFields: () => parts.rootFields(),
    write: (kept) => ({ body: renameBody(parseJson(parts.write(kept).body) as SentBody, rename).body }),
    variable: (name) => parts.variable(name),
  };
}

/** Restores the names in a response. A text that is not JSON stays as it is: the executor reports it. */
function restored(
  response: SubgraphResponse,
  received: SubgraphResponse,
  restore: (data: unknown) => void,
): SubgraphResponse {
  if (response.kind === 'failure') return response;
  try {
    const result = response.kind === 'parsed' ? response.result : parseJson(response.text);
    restore((result as { data?: unknown } | null)?.data);
    if (response.kind === 'parsed') return { ...response, result, madeFrom: received };
    const { text, mayHaveLongNumbers, ...facts } = response;
    return { ...facts, kind: 'parsed', result, size: text.length, madeFrom: received };
  } catch {
    return response;
  }
}
