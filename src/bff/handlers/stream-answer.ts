import { parseJson, stringifyJson } from '../../shared/exact-json.ts';
import { Cancellation } from '../../sources/cancellation.ts';
import type { LateOperation } from '../endpoints/endpoints.ts';
import { type PartialFailure, reshape, visiblePaths } from '../endpoints/shape.ts';
import { type EndpointResponse, type ProblemDetails, problemResponse } from '../responses/reply.ts';
import { withTextPath } from './answer.ts';
import { EventStream } from './event-stream.ts';
import { execute, executeLate, type Work } from './execute.ts';
import { type EndpointCall, madeOf, workOf } from './make-fresh.ts';
import { type LateResult, mergeLate } from './merge-late.ts';

/**
 * Sends an answer piece by piece: `event: answer` with all that is not optional, `event: section` for each optional section
 * at the root and each with a timeout, as it is ready, and `event: done`. A shaped answer is one piece.
 * @returns a reply where it does not come to a stream: the problem that the first piece came to
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export async function streamAnswer(order: EndpointCall): Promise<EndpointResponse | undefined> {
  const { call, served, endpoint, bff } = order;
  const { query, late } = endpoint.shape ? { query: endpoint.query, late: [] } : endpoint.pieces;
  const whole = workOf(order);
  // what comes in one piece still has sections that the rest does not depend on
  const work: Work = { ...whole, query, timed: late.length === 0 ? whole.timed : undefined };
  const cancellation = new Cancellation();
  call.res.once('close', () => cancellation.abort());
  const sections = late.map((operation) => {
    // no section has longer than the whole
    const own = { ...operation, timeoutMs: Math.min(operation.timeoutMs, work.timeoutMs) };
    return readSection(order, work, own, cancellation);
  });
  // where the first piece comes to a problem, nobody waits for the others
  for (const section of sections) section.catch(() => {});
  const execution = await execute(served.engine, work, cancellation);
  if (execution === undefined) return problemResponse(timeout(work), call.path);
  if (execution.answer.errors.length > 0) call.notes.errors = execution.answer.errors;
  const made = await madeOf(order, execution);
  if ('problem' in made) {
    cancellation.abort();
    return problemResponse(made.problem, call.path);
  }
  const stream = new EventStream(call.res, {
    headers: execution.answer.headers,
    keepAliveMs: bff.keepAliveMs,
  });
  if (call.req.method === 'HEAD') return stream.end();
  try {
    stream.send('answer', made.text);
    const data = execution.answer.dataText ?? '{}';
    await Promise.all(sections.map(async (section) => sendSection(order, stream, data, await section)));
    stream.sendLast('done', '{}');
  } finally {
    // where it failed, the client sees a stream without its last event
    stream.end();
  }
  return undefined;
}

async function readSection(
  { served }: EndpointCall,
  work: Work,
  operation: LateOperation,
  whole: Cancellation,
): Promise<LateResult> {
  return { operation, answer: await executeLate(served.engine, work, operation, whole) };
}

function timeout({ timeoutMs }: Work): ProblemDetails {
  return { status: 504, kind: 'timeout', detail: `The answer was not ready within ${timeoutMs} milliseconds.` };
}

/** Sends a section, with everything in it that failed alone. Of a flattened section, each field is an event. */
function sendSection({ endpoint }: EndpointCall, stream: EventStream, dataText: string, section: LateResult): void {
  const data = parseJson(dataText);
  const failures = mergeLate(endpoint, data, [section]);
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
