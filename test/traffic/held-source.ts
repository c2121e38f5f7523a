import type { ClientContext, Source, SourceRequest, SubgraphResponse } from '../../src/sources/source.ts';

export interface HeldCall {
  readonly request: SourceRequest;
  readonly done: (answer: SubgraphResponse) => void;
}

/** A source that answers when the test says so: `calls[n].done(…)`. */
export function heldSource(): { source: Source; calls: HeldCall[] } {
  const calls: HeldCall[] = [];
  const send: Source['send'] = (request, done) => void calls.push({ request, done });
  return { source: { name: 'products', send, close: async () => {} }, calls };
}

export const text = (body: string): SubgraphResponse => ({ kind: 'text', text: body, status: 200 });

export function client(fields: Partial<ClientContext> = {}): ClientContext {
  return { requestId: 'r', headers: {}, ...fields };
}

/** Sends a request, by default a query. The list has the response as soon as there is one. */
export function ask(source: Source, request: Partial<SourceRequest> = {}): SubgraphResponse[] {
  const answers: SubgraphResponse[] = [];
  source.send({ body: '{ name }', operationType: 'query', client: client(), ...request }, (a) => answers.push(a));
  return answers;
}
