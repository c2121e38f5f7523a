import type { FetchEnd } from '../shared/fetch-trace.ts';
import { recordedStatus } from '../shared/recorded-status.ts';
import type { UploadedFile } from '../shared/uploads/uploaded-file.ts';
import type { Source, SourceFailure, SourceRequest, SubgraphResponse } from '../sources/source.ts';

/** Sends a fetch, with its files if it has any. */
export function sendFetch(source: Source, request: SourceRequest, done: (response: SubgraphResponse) => void): void {
  if (request.files === undefined) return sendRecorded(source, request, done);
  const files = [...request.files.keys()];
  const taken = files.find((file) => !file.claim());
  if (taken !== undefined) return done({ kind: 'failure', failure: sentBefore(source.name, taken) });
  if (files.some(({ isOver }) => isOver)) return done({ kind: 'failure', failure: endedUpload(source.name) });
  for (const file of files) file.isExpected = true;
  sendRecorded(source, request, (response) => {
    // what was not sent is discarded, so that the next file can arrive
    for (const file of files) file.discard();
    done(response);
  });
}

function endedUpload(name: string): SourceFailure {
  const reason = 'the upload has ended';
  return { code: 'SUBREQUEST_HTTP_ERROR', message: `Subgraph "${name}" did not answer: ${reason}.`, reason };
}

function sentBefore(name: string, { path }: UploadedFile): SourceFailure {
  const reason = 'a file of it was sent with another request';
  const message = `Subgraph "${name}" did not answer: the file at "${path}" can be sent once, and another request has it.`;
  return { code: 'SUBREQUEST_HTTP_ERROR', message, reason };
}

/** Sends a fetch. If the client's request is recorded, records when the fetch began and how it ended. */
function sendRecorded(source: Source, request: SourceRequest, done: (response: SubgraphResponse) => void): void {
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
