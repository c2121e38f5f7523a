import type { Payload } from '../../executor/payload.ts';
import type { ClientResponse } from '../../http/client-writes.ts';
import { type ProblemDetails, problemResponse } from '../../http/problem.ts';
import { stringifyJson } from '../../shared/exact-json.ts';
import { Cancellation } from '../../sources/cancellation.ts';
import { type PartialFailure, reshape, visiblePaths } from '../endpoints/shape.ts';
import type { EndpointResponse } from '../responses/endpoint-response.ts';
import { withTextPath } from './endpoint-result.ts';
import { EventStream } from './event-stream.ts';
import { type ExecutionRequest, execute, executeInParts } from './execute.ts';
import { type EndpointCall, endpointResultOf, executionRequestOf } from './fresh-response.ts';
import { readSection } from './read-section.ts';

/**
 * Streams a response as events: `answer` with everything that is not optional, `section` for each optional root section and
 * each section with a timeout, as soon as it is ready, and `done`. All of it is one execution, and each event a payload of
 * its result. A response with a shape module is one event.
 * @returns the problem where the first part failed, so that nothing was streamed
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export async function streamResponse(endpointCall: EndpointCall): Promise<EndpointResponse | undefined> {
  const { call } = endpointCall;
  const cancellation = new Cancellation();
  call.res.once('close', () => cancellation.abort());
  try {
    return await streamUntil(endpointCall, cancellation);
  } finally {
    // what is still in flight belongs to sections that were late, or that nobody reads
    cancellation.abort();
  }
}

async function streamUntil(
  endpointCall: EndpointCall,
  cancellation: Cancellation,
): Promise<EndpointResponse | undefined> {
  const { call, snapshot, endpoint, bff } = endpointCall;
  const request = executionRequestOf(endpointCall);
  const { streamed } = endpoint;
  const execution = streamed
    ? await executeInParts(snapshot.engine, request, streamed, cancellation)
    : await execute(snapshot.engine, request, cancellation);
  if (execution === undefined) return problemResponse(timeout(request), call.path);
  const { errors, headers } = execution.result;
  if (errors.length > 0) call.notes.errors = errors;
  const payloads = 'payloads' in execution ? execution.payloads : undefined;
  try {
    const result = await endpointResultOf(endpointCall, execution);
    if ('problem' in result) return problemResponse(result.problem, call.path);
    const { responseHook } = call.res as ClientResponse;
    const all = responseHook ? await responseHook.startStream(call.res, headers ?? {}) : headers;
    if (responseHook && all === undefined) return undefined;
    const stream = new EventStream(call.res, { headers: all, keepAliveMs: bff.keepAliveMs });
    if (call.req.method === 'HEAD') return stream.end();
    try {
      stream.send('answer', result.text);
      call.place?.leave();
      for await (const payload of payloads ?? []) sendSection(endpointCall, stream, payload);
      const { debug } = call.notes;
      stream.sendLast('done', debug ? stringifyJson({ headgate: debug.toJSON() }) : '{}');
    } finally {
      // after an error the client sees a stream without its last event
      stream.end();
    }
  } finally {
    await payloads?.return();
  }
  return undefined;
}

function timeout({ timeoutMs }: ExecutionRequest): ProblemDetails {
  return { status: 504, kind: 'timeout', detail: `The response was not ready within ${timeoutMs} milliseconds.` };
}

/** Sends a section with its partial failures. Each field of a flattened section is an event of its own. */
function sendSection({ call, endpoint }: EndpointCall, stream: EventStream, payload: Payload): void {
  const { deferred, errors } = payload;
  if (deferred?.group === undefined) return;
  const { group, path: above } = deferred;
  if (errors.length > 0) call.notes.errors = [...(call.notes.errors ?? []), ...errors];
  const { data, failures } = readSection(
    endpoint.sections,
    { group, path: above },
    payload.takeText() ?? 'null',
    errors,
  );
  const whole = reshape(endpoint.sections, data);
  for (const path of visiblePaths(endpoint.sections, group.path)) {
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
