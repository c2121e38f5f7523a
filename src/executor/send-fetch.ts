import type { Source, SourceRequest, SubgraphResponse } from '../sources/source.ts';

/** Sends a fetch. If the client's request is recorded, records when the fetch began and how it ended. */
export function sendFetch(source: Source, request: SourceRequest, done: (response: SubgraphResponse) => void): void {
  const { record } = request.client;
  if (record === undefined) return source.send(request, done);
  const end = record.beginFetch(source.name);
  source.send(request, (response) => {
    if (response.kind === 'failure') end(response.failure);
    else end({ status: response.status, code: response.failed?.code, cache: response.cache });
    done(response);
  });
}
