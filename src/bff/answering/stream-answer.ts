import type { ServerResponse } from 'node:http';
import { Cancellation } from '../../sources/cancellation.ts';
import { problemReply, type Reply } from '../delivery/reply.ts';
import { reshape, visiblePaths } from '../endpoints/shape.ts';
import { executeLate, type Work } from './execute.ts';
import { madeOf, type Order, workOf } from './make-fresh.ts';
import { type LateAnswer, mergeLate } from './merge-late.ts';

/** Whether the client wants the answer piece by piece. */
export function wantsStream(accept: string | undefined): boolean {
  return accept?.includes('text/event-stream') === true;
}

/**
 * Sends an answer piece by piece: `event: answer` with all that is not optional, `event: section` for each optional section
 * at the root and each with a timeout, as it is ready, and `event: done`. A shaped answer is one piece.
 * @returns a reply where it does not come to a stream: the problem that the first piece came to
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export async function streamAnswer(order: Order): Promise<Reply | undefined> {
  const { call, served, endpoint } = order;
  const { query, late } = endpoint.shape ? { query: endpoint.query, late: [] } : endpoint.pieces;
  const work: Work = { ...workOf(order), query };
  const cancellation = new Cancellation();
  call.res.once('close', () => cancellation.abort());
  const timer = setTimeout(() => cancellation.abort(), work.timeoutMs);
  try {
    const { variables, readOnly } = work;
    const client = work.client(cancellation);
    const sections = late.map(async (operation): Promise<LateAnswer> => {
      return { operation, answer: await executeLate(served.engine, work, operation, cancellation) };
    });
    // where the first piece comes to a problem, nobody waits for the others
    for (const section of sections) section.catch(() => {});
    const answer = await served.engine.execute({ query, variables, readOnly, client, reportEveryPlace: true });
    const execution = { answer, timings: undefined };
    const made = await madeOf(order, execution);
    if ('problem' in made) return problemReply(made.problem, call.path);
    begin(call.res, order);
    event(call.res, 'answer', made.text);
    const data = answer.dataText ?? '{}';
    await Promise.all(sections.map(async (section) => sendSection(order, data, await section)));
    event(call.res, 'done', '{}');
    call.res.end();
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

function begin(res: ServerResponse, { endpoint }: Order): void {
  const headers = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' };
  // proxies that gather answers would undo it
  if (!res.headersSent) res.writeHead(endpoint.status, { ...headers, 'x-accel-buffering': 'no' });
}

/** A flattened section has no key of its own: each of its fields is told. */
function sendSection({ call, endpoint }: Order, dataText: string, section: LateAnswer): void {
  const data: unknown = JSON.parse(dataText);
  const failures = mergeLate(endpoint, data, [section]);
  const whole = reshape(endpoint.sections, data);
  for (const path of visiblePaths(endpoint.sections, section.operation.path)) {
    const value = valueAt(whole, path);
    if (value === undefined) continue;
    const key = JSON.stringify(path);
    const failure = failures.find((one) => JSON.stringify(one.path).startsWith(key.slice(0, -1)));
    const told = failure && { code: failure.code, message: failure.message };
    event(call.res, 'section', JSON.stringify({ path, data: value, ...(told && { failure: told }) }));
  }
}

function valueAt(data: unknown, path: readonly (string | number)[]): unknown {
  let value = data;
  for (const step of path) value = (value as Record<string, unknown> | null | undefined)?.[step];
  return value;
}

function event(res: ServerResponse, name: string, data: string): void {
  if (!res.destroyed) res.write(`event: ${name}\ndata: ${data}\n\n`);
}
