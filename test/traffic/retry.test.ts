import type { ServerResponse } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createHttpSource } from '../../src/sources/http/http-source.ts';
import { ApiCallError, type SendApiRequest, type SentApiRequest } from '../../src/sources/rest/api-transport.ts';
import type { Source, SourceRequest, SubgraphResponse } from '../../src/sources/source.ts';
import { retryLostApiReads, retryLostConnections } from '../../src/traffic/retry.ts';
import { bodyOf, fakeSubgraph } from '../sources/fake-subgraph.ts';
import { ask as askApi, json, restSource, stubApi } from '../sources/rest/stub-api.ts';
import { ask, heldSource, text } from './held-source.ts';

const lost: SubgraphResponse = {
  kind: 'failure',
  failure: { code: 'SUBREQUEST_HTTP_ERROR', message: 'lost', reason: 'connection reset', isConnectionLoss: true },
};
const refused: SubgraphResponse = {
  kind: 'failure',
  failure: { code: 'SUBREQUEST_HTTP_ERROR', message: 'refused', reason: 'connection refused' },
};

describe('a read whose connection is lost', () => {
  it('is sent once more, as it was, and gets the second response', () => {
    const { source, calls } = heldSource();
    const answers = ask(retryLostConnections(source, { timeoutMs: 1_000 }));
    calls[0]?.done(lost);
    expect(answers).toEqual([]);
    expect(calls[1]?.request).toMatchObject({ body: '{ name }', operationType: 'query' });
    calls[1]?.done(text('1'));
    expect(answers).toEqual([text('1')]);
  });

  it('fails when the second connection is lost, too', () => {
    const { source, calls } = heldSource();
    const answers = ask(retryLostConnections(source, { timeoutMs: 1_000 }));
    calls[0]?.done(lost);
    calls[1]?.done(lost);
    expect(answers).toEqual([lost]);
    expect(calls.length).toBe(2);
  });

  it('has for both tries the time of one: the second try has its deadline, the first needs none', () => {
    const { source, calls } = heldSource();
    const before = performance.now();
    ask(retryLostConnections(source, { timeoutMs: 1_000 }));
    const after = performance.now();
    calls[0]?.done(lost);
    const deadline = calls[1]?.request.deadline;
    expect(calls[0]?.request).not.toHaveProperty('deadline');
    expect(deadline).toBeGreaterThanOrEqual(before + 1_000);
    expect(deadline).toBeLessThanOrEqual(after + 1_000);
  });

  it('keeps an earlier deadline that it came with', () => {
    const { source, calls } = heldSource();
    ask(retryLostConnections(source, { timeoutMs: 60_000 }), { deadline: 5 });
    calls[0]?.done(lost);
    expect(calls[1]?.request.deadline).toBe(5);
  });
});

it.each(['mutation', 'subscription'] as const)('a %s is never sent twice', (operationType) => {
  const { source, calls } = heldSource();
  const answers = ask(retryLostConnections(source, { timeoutMs: 1_000 }), { operationType });
  calls[0]?.done(lost);
  expect(answers).toEqual([lost]);
  expect(calls.length).toBe(1);
});

it('other failures are not retried', () => {
  const { source, calls } = heldSource();
  const answers = ask(retryLostConnections(source, { timeoutMs: 1_000 }));
  calls[0]?.done(refused);
  expect(answers).toEqual([refused]);
  expect(calls.length).toBe(1);
});

describe('over HTTP, a connection lost before any answer', () => {
  const BODY = '{"query":"{ name }"}';

  /** Takes each request, and closes the connection without a word for the first `times` of them. */
  const closing = async (times: number) => {
    const bodies: string[] = [];
    const { url } = await fakeSubgraph(async (req, res) => {
      bodies.push(await bodyOf(req));
      if (bodies.length <= times) res.destroy();
      else res.end('{"data":{}}');
    });
    return { url, bodies };
  };

  const send = (url: string, operationType: SourceRequest['operationType'] = 'query'): Promise<SubgraphResponse> => {
    const source: Source = createHttpSource({ name: 'products', url, timeoutMs: 5_000 });
    onTestFinished(() => source.close());
    const request = { body: BODY, operationType, client: { requestId: 'r', headers: {} } };
    return new Promise((resolve) => retryLostConnections(source, { timeoutMs: 5_000 }).send(request, resolve));
  };

  it('is tried once more for a query', async () => {
    const { url, bodies } = await closing(1);
    expect(await send(url)).toMatchObject({ kind: 'text', text: '{"data":{}}' });
    expect(bodies).toEqual([BODY, BODY]);
  });

  it('is a failure the second time', async () => {
    const { url, bodies } = await closing(2);
    expect(await send(url)).toMatchObject({ failure: { code: 'SUBREQUEST_HTTP_ERROR' } });
    expect(bodies.length).toBe(2);
  });

  it('is never tried again for a mutation', async () => {
    const { url, bodies } = await closing(1);
    expect(await send(url, 'mutation')).toMatchObject({ failure: { code: 'SUBREQUEST_HTTP_ERROR' } });
    expect(bodies.length).toBe(1);
  });
});

describe('a call of a REST API whose connection is lost', () => {
  const requestOf = (method: string): SentApiRequest => ({
    method,
    path: '/users',
    headers: {},
    body: undefined,
    signal: new AbortController().signal,
  });

  /** Rejects with these errors, one a call, and counts the calls. */
  const failing = (...errors: Error[]) => {
    const sent: SentApiRequest[] = [];
    const send: SendApiRequest = (request) => {
      sent.push(request);
      return Promise.reject(errors[sent.length - 1] ?? new Error('one call too many'));
    };
    return { send: retryLostApiReads(send), sent };
  };
  const reset = () => new ApiCallError(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
  const unreachable = () => new ApiCallError(Object.assign(new Error('no'), { code: 'ECONNREFUSED' }));

  it('is sent once more where it is a GET', async () => {
    const second = unreachable();
    const { send, sent } = failing(reset(), second);
    const request = requestOf('GET');
    await expect(send(request)).rejects.toBe(second);
    expect(sent).toEqual([request, request]);
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])('is not sent again where it is a %s', async (method) => {
    const first = reset();
    const { send, sent } = failing(first);
    await expect(send(requestOf(method))).rejects.toBe(first);
    expect(sent.length).toBe(1);
  });

  it('is not sent again after another failure', async () => {
    const first = unreachable();
    const { send, sent } = failing(first);
    await expect(send(requestOf('GET'))).rejects.toBe(first);
    expect(sent.length).toBe(1);
  });

  it('is answered by the second try; without the layer it fails', async () => {
    const SDL = 'type Query { title: String @connect(source: "api", http: {GET: "/title"}, selection: "$.title") }';
    const reset = (res: ServerResponse) => void res.destroy();
    const api = await stubApi(() => (api.calls.length % 2 === 1 ? reset : json(200, { title: 'one' })));
    const retried = restSource(api, SDL, { callLayer: retryLostApiReads });
    expect(await askApi(retried, '{ title }')).toEqual({ data: { title: 'one' } });
    expect(api.lines()).toEqual(['GET /title', 'GET /title']);
    const { data, errors } = await askApi(restSource(api, SDL), '{ title }');
    expect([data, errors?.[0]?.extensions.code]).toEqual([{ title: null }, 'SUBREQUEST_HTTP_ERROR']);
  });
});
