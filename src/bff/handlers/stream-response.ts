import { type ProblemDetails, problemResponse } from '../../http/problem.ts';
import { parseJson, stringifyJson } from '../../shared/exact-json.ts';
import { Cancellation } from '../../sources/cancellation.ts';
import type { DeferredOperation } from '../endpoints/endpoints.ts';
import { type PartialFailure, reshape, visiblePaths } from '../endpoints/shape.ts';
import type { EndpointResponse } from '../responses/endpoint-response.ts';
import { withTextPath } from './endpoint-result.ts';
import { EventStream } from './event-stream.ts';
import { type ExecutionRequest, execute, executeDeferred } from './execute.ts';
import { type EndpointCall, endpointResultOf, executionRequestOf } from './fresh-response.ts';
import { type DeferredResult, mergeDeferred } from './merge-deferred.ts';

/**
 * Streams a response as events: `answer` with everything that is not optional, `section` for each optional root section and
 * each section with a timeout, as soon as it is ready, and `done`. A response with a shape module is one event.
 * @returns the problem where the first part failed, so that nothing was streamed
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export async function streamResponse(endpointCall: EndpointCall): Promise<EndpointResponse | undefined> {
  const { call, snapshot, endpoint, bff } = endpointCall;
  const { query, deferred } = endpoint.shape ? { query: endpoint.query, deferred: [] } : endpoint.streamed;
  const whole = executionRequestOf(endpointCall);
  // a single event still has timed sections
  const request: ExecutionRequest = { ...whole, query, timed: deferred.length === 0 ? whole.timed : undefined };
  const cancellation = new Cancellation();
  call.res.once('close', () => cancellation.abort());
  const sections = deferred.map((operation) => {
    // a section's timeout is never longer than that of the whole operation
    const own = { ...operation, timeoutMs: Math.min(operation.timeoutMs, request.timeoutMs) };
    return readSection(endpointCall, request, own, cancellation);
  });
  // when the first part fails, the results of the sections are not used
  for (const section of sections) section.catch(() => {});
  const execution = await execute(snapshot.engine, request, cancellation);
  if (execution === undefined) return problemResponse(timeout(request), call.path);
  if (execution.result.errors.length > 0) call.notes.errors = execution.result.errors;
  const result = await endpointResultOf(endpointCall, execution);
  if ('problem' in result) {
    cancellation.abort();
    return problemResponse(result.problem, call.path);
  }
  const stream = new EventStream(call.res, {
    headers: execution.result.headers,
    keepAliveMs: bff.keepAliveMs,
  });
  if (call.req.method === 'HEAD') return stream.end();
  try {
    stream.send('answer', result.text);
    const data = execution.result.dataText ?? '{}';
    await Promise.all(sections.map(async (section) => sendSection(endpointCall, stream, data, await section)));
    stream.sendLast('done', '{}');
  } finally {
    // after an error the client sees a stream without its last event
    stream.end();
  }
  return undefined;
}

async function readSection(
  { snapshot }: EndpointCall,
  request: ExecutionRequest,
  operation: DeferredOperation,
  whole: Cancellation,
): Promise<DeferredResult> {
  return { operation, result: await executeDeferred(snapshot.engine, request, operation, whole) };
}

function timeout({ timeoutMs }: ExecutionRequest): ProblemDetails {
  return { status: 504, kind: 'timeout', detail: `The response was not ready within ${timeoutMs} milliseconds.` };
}

/** Sends a section with its partial failures. Each field of a flattened section is an event of its own. */
function sendSection({ endpoint }: EndpointCall, stream: EventStream, dataText: string, section: DeferredResult): void {
  const data = parseJson(dataText);
  const failures = mergeDeferred(endpoint, data, [section]);
  const whole = reshape(endpoint.sections, data);
  for (const path of visiblePaths(endpoint.sections, section.operation.path)) {
    const value = valueAt(whole, path);
    if (value === undefined) continue;
    const partial = failures.filter((failure) => isWithin(failure, path));
    const failed = partial.find((failure) => failure.path.length === path.length);
    const failure = failed && { code: failed.code, message: failed.message };
    const meta = partial.length > 0 ? { partial: partial.map(withTextPath) } : undefined;
    stream.send('section', stringifyJson({ path, data: value, failure, meta }));
  }
}

function isWithin(failure: PartialFailure, path: readonly (string | number)[]): boolean {
  return path.every((step, i) => failure.path[i] === step);
}

function valueAt(data: unknown, path: readonly (string | number)[]): unknown {
  let value = data;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  return value;
}
