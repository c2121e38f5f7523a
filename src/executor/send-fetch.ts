import type { FetchEnd } from '../shared/fetch-trace.ts';
import { recordedStatus } from '../sources/response-status.ts';
import type { Source, SourceRequest, SubgraphResponse } from '../sources/source.ts';

/** Sends a fetch. If the client's request is recorded, records when the fetch began and how it ended. */
export function sendFetch(source: Source, request: SourceRequest, done: (response: SubgraphResponse) => void): void {
  const { trace } = request;
  const { record } = request.client;
  if (record === undefined && trace === undefined) return source.send(request, done);
  const end = record?.beginFetch(source.name);
  source.send(request, (response) => {
    const ended = endOf(response);
    if (response.kind === 'failure') end?.(response.failure);
    else end?.({ status: ended.status, code: ended.code, bytes: ended.bytes, cache: response.cache });
    trace?.finish(ended);
    done(response);
  });
}

function endOf(response: SubgraphResponse): FetchEnd {
  if (response.kind === 'failure') return response.failure;
  const { failed } = response;
  const bytes = response.kind === 'text' ? Buffer.byteLength(response.text) : response.size;
  return { status: recordedStatus(response), code: failed?.code, reason: failed?.reason, bytes };
}
