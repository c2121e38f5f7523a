import { describe, expect, it } from 'vitest';
import type { EngineRequest } from '../../src/pipeline/engine.ts';
import { plainEngine } from '../gateway/plain-engine.ts';
import { latch, post, serve } from '../gateway/serving.ts';

/** Answers `me` with the name in the authorization header, once `gate` is opened; `asked` are the executions. */
function heldEngine() {
  const asked: EngineRequest[] = [];
  const gate = latch();
  const hold = async (_args: object, request: EngineRequest) => {
    asked.push(request);
    await gate.promise;
    return request.client.headers.authorization ?? 'nobody';
  };
  const engine = plainEngine('type Query { me: String } type Mutation { touch: String }', { me: hold, touch: hold });
  return { engine, asked, open: () => gate.open() };
}

describe.each(['auto', 'all-yoga'] as const)('identical queries in flight, lanes: %s', (handlers) => {
  /** Sends all requests, opens the gate when each has either executed or joined, and gives the answers. */
  async function together(requests: { query?: string; headers?: Record<string, string> }[], shareQueries = true) {
    const { engine, asked, open } = heldEngine();
    let arrived = 0;
    const counting = {
      ...engine,
      canDedupe: (request: Parameters<typeof engine.canDedupe>[0]) => {
        arrived++;
        return engine.canDedupe(request);
      },
      execute: (request: EngineRequest) => {
        if (request.client.headers['cache-control'] || !shareQueries) arrived++;
        return engine.execute(request);
      },
    };
    const { url } = await serve({ engine: () => counting, handlers, shareQueries });
    const answers = requests.map(async ({ query = '{ me }', headers = {} }) => {
      const response = await post(url, { query }, headers);
      return { id: response.headers.get('x-request-id'), text: await response.text() };
    });
    await expect.poll(() => arrived).toBe(requests.length);
    open();
    return { answers: await Promise.all(answers), asked };
  }

  it('share one execution, each under its own request id', async () => {
    const { answers, asked } = await together([
      { headers: { 'x-request-id': 'one', 'user-agent': 'a' } },
      { headers: { 'x-request-id': 'two', 'user-agent': 'b', traceparent: '00-1' } },
    ]);
    expect(asked.length).toBe(1);
    expect(answers).toEqual([
      { id: 'one', text: '{"data":{"me":"nobody"}}' },
      { id: 'two', text: '{"data":{"me":"nobody"}}' },
    ]);
  });

  it('share no execution that has used up half of its time, whose timeout would come too early', async () => {
    const { engine, asked, open } = heldEngine();
    const { url } = await serve({ engine: () => engine, handlers, timeoutMs: 400 });
    const first = post(url, { query: '{ me }' });
    await expect.poll(() => asked.length).toBe(1);
    const { deadline = 0 } = asked[0]?.client ?? {};
    await expect.poll(() => performance.now() > deadline - 200).toBe(true);
    const second = post(url, { query: '{ me }' });
    await expect.poll(() => asked.length).toBe(2);
    open();
    await Promise.all([first, second]);
  });

  it('never give one user the answer of another', async () => {
    const { answers, asked } = await together([
      { headers: { authorization: 'Bearer ada' } },
      { headers: { authorization: 'Bearer bob' } },
      { headers: { authorization: 'Bearer ada' } },
    ]);
    expect(asked.length).toBe(2);
    expect(answers.map((answer) => JSON.parse(answer.text).data.me)).toEqual([
      'Bearer ada',
      'Bearer bob',
      'Bearer ada',
    ]);
  });

  it.each([
    ['cookie', 'session=1'],
    ['x-api-key', 'k1'],
    ['x-some-header-that-nobody-knows', '1'],
    ['accept-language', 'de'],
    ['x-forwarded-for', '10.0.0.1'],
  ])('are not identical when they differ in %s', async (name, value) => {
    const { asked } = await together([{}, { headers: { [name]: value } }]);
    expect(asked.length).toBe(2);
  });

  it('are executed one by one when the client says no-store, or sharing is off', async () => {
    const noStore = { headers: { 'cache-control': 'no-store' } };
    expect((await together([noStore, noStore])).asked.length).toBe(2);
    expect((await together([{}, {}], false)).asked.length).toBe(2);
  });

  it('are queries: mutations are executed each', async () => {
    const { asked } = await together([{ query: 'mutation { touch }' }, { query: 'mutation { touch }' }]);
    expect(asked.length).toBe(2);
  });

  it('go on when one client leaves, and end when the last does', async () => {
    const { engine, asked, open } = heldEngine();
    let joined = 0;
    const counting = {
      ...engine,
      canDedupe: (request: { query: string }) => ++joined > 0 && engine.canDedupe(request),
    };
    const { url } = await serve({ engine: () => counting, handlers });
    const ask = (signal?: AbortSignal) =>
      fetch(`${url}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"query":"{ me }"}',
        ...(signal ? { signal } : {}),
      });
    const [first, third] = [new AbortController(), new AbortController()];
    const leaving = ask(first.signal);
    await expect.poll(() => asked.length).toBe(1);
    const staying = ask();
    await expect.poll(() => joined).toBe(2);
    first.abort();
    await expect(leaving).rejects.toThrow();
    const alsoLeaving = ask(third.signal);
    await expect.poll(() => joined).toBe(3);
    third.abort();
    await expect(alsoLeaving).rejects.toThrow();
    expect(asked[0]?.client.signal?.aborted).toBe(false);
    open();
    expect(await (await staying).json()).toEqual({ data: { me: 'nobody' } });
    expect(asked.length).toBe(1);
  });
});
