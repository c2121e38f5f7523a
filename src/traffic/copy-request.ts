import type { SourceRequest } from '../sources/source.ts';

/** A copy of a request that a layer changes before it sends it on. */
export type RequestCopy = { -readonly [Member in keyof Required<SourceRequest>]: SourceRequest[Member] };

/**
 * Copies a request. The members are named one by one: V8 makes an object of a fixed shape from that in some nanoseconds, and needs up to
 * a microsecond for `{ ...request, deadline }`.
 */
export function copyRequest(request: SourceRequest): RequestCopy {
  return {
    body: request.body,
    sharedBody: request.sharedBody,
    operationType: request.operationType,
    client: request.client,
    deadline: request.deadline,
    sentAt: request.sentAt,
    signal: request.signal,
    needsFreshConnection: request.needsFreshConnection,
    tried: request.tried,
    span: request.span,
    memory: request.memory,
    trace: request.trace,
    parts: request.parts,
    isRewritten: request.isRewritten,
    cursor: request.cursor,
    files: request.files,
    isOneShot: request.isOneShot,
    event: request.event,
  };
}

/**
 * Returns a request that a layer may change: a copy, or the request itself if the layer outside has made it for that. A copy is an object
 * more in flight, which each collection of young objects has to move.
 */
export function changeable(request: SourceRequest, isOwn: boolean): RequestCopy {
  return isOwn ? (request as RequestCopy) : copyRequest(request);
}
