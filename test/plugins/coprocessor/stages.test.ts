import { describe, expect, it } from 'vitest';
import { startCoprocessor } from './world.ts';

const EVERYTHING = { headers: true, context: 'all', body: true, sdl: true } as const;
const ALL_STAGES = {
  router: {
    request: { ...EVERYTHING, path: true, method: true },
    response: { ...EVERYTHING, status_code: true },
  },
  supergraph: {
    request: { ...EVERYTHING, path: true, method: true },
    response: { ...EVERYTHING, status_code: true },
  },
  execution: { request: { ...EVERYTHING, method: true }, response: { ...EVERYTHING, status_code: true } },
  subgraph: {
    all: {
      request: { headers: true, body: true, uri: true, method: true, service_name: true, subgraph_request_id: true },
      response: { headers: true, body: true, service_name: true, status_code: true, subgraph_request_id: true },
    },
  },
} as const;

describe('a coprocessor with all stages', () => {
  it('is called with what Apollo Router sends, in its order', async () => {
    const { post, messages, subgraph } = await startCoprocessor(ALL_STAGES, undefined, {
      config: { headers: { all: { request: [{ propagate: { named: 'x-tenant' } }] } } },
    });
    const response = await post('query Greet { hello }', { 'x-tenant': 'acme' });
    expect(await response.json()).toEqual({ data: { hello: 'hi' } });
    const id = response.headers.get('x-request-id');
    const control = (stage: string) => ({ version: 1, stage, control: 'continue', id });
    const sdl = expect.stringContaining('join__Graph');
    const greet = { query: 'query Greet { hello }', variables: {} };
    const clientHeaders = expect.objectContaining({ 'x-tenant': ['acme'] });
    const entries = { 'apollo::supergraph::operation_name': 'Greet', 'apollo::supergraph::operation_kind': 'query' };
    const result = { data: { hello: 'hi' } };
    expect(messages).toEqual([
      {
        ...control('RouterRequest'),
        ...{ headers: clientHeaders, body: JSON.stringify({ query: greet.query }), context: { entries: {} } },
        ...{ sdl, path: '/graphql', method: 'POST' },
      },
      {
        ...control('SupergraphRequest'),
        ...{ headers: clientHeaders, body: greet, context: { entries: {} }, sdl, path: '/graphql', method: 'POST' },
      },
      {
        ...control('ExecutionRequest'),
        headers: clientHeaders,
        body: { query: expect.stringContaining('query Greet'), operationName: 'Greet', variables: {} },
        ...{ context: { entries }, sdl, method: 'POST' },
      },
      {
        ...control('SubgraphRequest'),
        ...{ serviceName: 'shop', uri: subgraph.url, method: 'POST', subgraphRequestId: expect.any(String) },
        ...{ headers: { 'x-tenant': ['acme'] }, body: { query: expect.stringContaining('hello') } },
      },
      {
        ...control('SubgraphResponse'),
        ...{ serviceName: 'shop', statusCode: 200, subgraphRequestId: messages[3]?.subgraphRequestId },
        ...{ headers: expect.objectContaining({ 'content-type': ['application/json'] }), body: result },
      },
      { ...control('ExecutionResponse'), headers: {}, body: result, context: { entries }, sdl, statusCode: 200 },
      { ...control('SupergraphResponse'), headers: {}, body: result, context: { entries }, sdl, statusCode: 200 },
      {
        ...control('RouterResponse'),
        headers: expect.objectContaining({ 'content-type': [expect.stringContaining('application/json')] }),
        body: JSON.stringify(result),
        ...{ context: { entries }, sdl, statusCode: 200 },
      },
    ]);
  });

  it('is called for endpoints, batches and GET, and changes nothing when it returns what it got', async () => {
    const { get, origin, url, stages, messages } = await startCoprocessor(ALL_STAGES, undefined, {
      config: { batching: { enabled: true, maximum_size: 2 } },
    });
    expect(await (await get('/bff/web/user')).json()).toEqual({ user: { name: 'Ada', email: 'ada@example.com' } });
    expect(stages()[0]).toBe('RouterRequest');
    expect(messages[0]).toMatchObject({ path: '/bff/web/user', method: 'GET' });
    expect(messages[0]).not.toHaveProperty('body');
    const query = await fetch(`${origin}/graphql?query={hello}`, { headers: { 'content-type': 'application/json' } });
    expect(await query.json()).toEqual({ data: { hello: 'hi' } });
    const batch = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([{ query: '{ hello }' }, { query: '{ nothing }' }]),
    });
    expect(await batch.json()).toEqual([{ data: { hello: 'hi' } }, { errors: [expect.anything()] }]);
    // what was refused before it was executed has no response of an execution
    expect(stages().filter((stage) => stage === 'ExecutionResponse')).toHaveLength(3);
    expect(stages().filter((stage) => stage === 'SupergraphResponse')).toHaveLength(4);
  });
});

describe('a coprocessor changes', () => {
  it('headers, body and context of the request', async () => {
    const world = await startCoprocessor(
      { router: { request: { headers: true, body: true, context: 'all' }, response: { context: 'all' } } },
      (message) => {
        if (message.stage === 'RouterResponse') return {};
        const { 'x-secret': _, ...headers } = message.headers ?? {};
        return {
          ...message,
          headers: { ...headers, 'x-tenant': ['acme'] },
          body: JSON.stringify({ query: '{ user { name } }' }),
          context: { entries: { seen: { often: 2 } } },
        };
      },
      {
        config: {
          headers: { all: { request: ['x-tenant', 'x-secret'].map((named) => ({ propagate: { named } })) } },
        },
      },
    );
    const response = await world.post('{ hello }', { 'x-secret': 's', 'x-tenant': 'forged' });
    expect(await response.json()).toMatchObject({ data: { user: { name: 'Ada' } } });
    expect(world.subgraph.calls[0]?.headers).toMatchObject({ 'x-tenant': 'acme' });
    expect(world.subgraph.calls[0]?.headers).not.toHaveProperty('x-secret');
    expect(world.messages[1]?.context?.entries).toMatchObject({ seen: { often: 2 } });
  });

  it('a compressed body', async () => {
    const { url } = await startCoprocessor({ router: { request: { body: true } } }, (message) => ({
      body: String(message.body).replace('nothing', 'hello'),
    }));
    const body = new Blob([JSON.stringify({ query: '{ nothing }' })])
      .stream()
      .pipeThrough(new CompressionStream('gzip'));
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    const response = await fetch(url, { method: 'POST', headers, body, duplex: 'half' } as RequestInit);
    expect(await response.json()).toEqual({ data: { hello: 'hi' } });
  });

  it('who the client is', async () => {
    const { post, subgraph, messages } = await startCoprocessor(
      {
        router: { request: { context: 'all' } },
        execution: { request: { context: { selective: ['apollo::authentication::jwt_claims'] } } },
      },
      (message) =>
        message.stage === 'RouterRequest'
          ? { context: { entries: { 'apollo::authentication::jwt_claims': { sub: 'ada', scope: 'a b' } } } }
          : message,
      { config: { headers: { all: { request: [{ insert: { name: 'x-user', from_context: 'subject' } }] } } } },
    );
    expect(await (await post('{ hello }')).json()).toEqual({ data: { hello: 'hi' } });
    expect(subgraph.calls[0]?.headers['x-user']).toBe('ada');
    expect(messages[1]?.context).toEqual({
      entries: { 'apollo::authentication::jwt_claims': { sub: 'ada', scope: 'a b' } },
    });
  });

  it('the operation', async () => {
    const { post } = await startCoprocessor({ supergraph: { request: { body: true } } }, () => ({
      body: { query: 'query User { user { name } }', operationName: 'User', variables: {} },
    }));
    expect(await (await post('{ hello }')).json()).toMatchObject({ data: { user: { name: 'Ada' } } });
  });

  it('headers and body of a fetch', async () => {
    const { post, subgraph } = await startCoprocessor(
      { subgraph: { all: { request: { headers: true, body: true } } } },
      ({ headers: { 'x-tenant': _, ...headers } = {}, body }) => ({
        headers: { ...headers, 'x-signed': ['yes'] },
        body: { ...(body as object), extensions: { signed: true } },
      }),
      { config: { headers: { all: { request: [{ propagate: { named: 'x-tenant' } }] } } } },
    );
    expect(await (await post('{ hello }', { 'x-tenant': 'acme' })).json()).toEqual({ data: { hello: 'hi' } });
    const [call] = subgraph.calls;
    expect(call?.headers).toMatchObject({ 'x-signed': 'yes' });
    expect(call?.headers).not.toHaveProperty('x-tenant');
    expect(JSON.parse(call?.body ?? '')).toMatchObject({ query: expect.any(String), extensions: { signed: true } });
  });

  it('the result of a fetch, and headers of its response, which rules return to the client', async () => {
    const { post } = await startCoprocessor(
      { subgraph: { all: { response: { headers: true, body: true } } } },
      ({ headers }) => ({ headers: { ...headers, 'x-shop': ['berlin'] }, body: { data: { hello: 'changed' } } }),
      { config: { headers: { all: { response: [{ propagate: { named: 'x-shop', algorithm: 'last' } }] } } } } as never,
    );
    const response = await post('{ hello }');
    expect(await response.json()).toEqual({ data: { hello: 'changed' } });
    expect(response.headers.get('x-shop')).toBe('berlin');
  });

  it.each(['ExecutionResponse', 'SupergraphResponse'])('the result, its status and headers in %s', async (stage) => {
    const settings = stage === 'ExecutionResponse' ? 'execution' : 'supergraph';
    const { post } = await startCoprocessor({ [settings]: { response: { body: true } } }, () => ({
      body: { data: { hello: 'changed' }, extensions: { a: 1 } },
      headers: { 'x-made': ['by the coprocessor'] },
      statusCode: 203,
    }));
    const response = await post('{ hello }');
    expect([response.status, response.headers.get('x-made')]).toEqual([203, 'by the coprocessor']);
    expect(await response.json()).toEqual({ data: { hello: 'changed' }, extensions: { a: 1 } });
  });

  it('the response, cookies included', async () => {
    const { post } = await startCoprocessor({ router: { response: { headers: true, body: true } } }, ({ headers }) => {
      const { 'content-type': type } = headers ?? {};
      return {
        headers: { 'content-type': type, 'set-cookie': ['a=1', 'b=2'] },
        body: '{"changed":true}',
        statusCode: 299,
      };
    });
    const response = await post('{ hello }');
    expect([response.status, response.headers.getSetCookie()]).toEqual([299, ['a=1', 'b=2']]);
    expect(response.headers.has('cache-control')).toBe(false);
    expect(await response.json()).toEqual({ changed: true });
  });

  it('nothing where numbers have many digits, or members another order', async () => {
    const body = JSON.stringify({ query: 'mutation($id: ID) { order(id: $id) }', variables: { id: '7' } });
    const { url } = await startCoprocessor({ supergraph: { request: { body: true } } }, ({ body }) => ({
      body: Object.fromEntries(Object.entries(body ?? {}).reverse()),
    }));
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    expect(await response.json()).toEqual({ data: { order: 'done' } });
  });
});

describe('a coprocessor ends', () => {
  const refusal = { errors: [{ message: 'No.', extensions: { code: 'REFUSED' } }] };
  const broken = { control: { break: 403 }, headers: { 'x-why': ['because'] } };

  it.each([
    ['a text that is JSON', JSON.stringify(refusal), refusal],
    ['an object', refusal, refusal],
    ['a text', 'No.', { errors: [{ message: 'No.', extensions: { code: 'ERROR' } }] }],
    ['nothing', undefined, { errors: [{ message: 'The request was refused.', extensions: { code: 'ERROR' } }] }],
  ])('a request with %s, and nothing else is called', async (_, body, expected) => {
    const { post, get, subgraph, stages } = await startCoprocessor(ALL_STAGES, ({ stage }) =>
      stage === 'RouterRequest' ? { ...broken, body } : {},
    );
    const response = await post('{ hello }');
    expect([response.status, response.headers.get('x-why'), await response.json()]).toEqual([403, 'because', expected]);
    expect((await get('/bff/web/hello')).status).toBe(403);
    expect(subgraph.calls).toHaveLength(0);
    expect(stages()).toEqual(['RouterRequest', 'RouterResponse', 'RouterRequest', 'RouterResponse']);
  });

  it.each(['SupergraphRequest', 'ExecutionRequest'])('an operation in %s', async (stage) => {
    const { post, get, subgraph } = await startCoprocessor(ALL_STAGES, (message) =>
      message.stage === stage ? { ...broken, body: refusal } : {},
    );
    const response = await post('{ hello }');
    expect([response.status, response.headers.get('x-why'), await response.json()]).toEqual([403, 'because', refusal]);
    expect((await get('/bff/web/hello')).status).toBe(403);
    expect(subgraph.calls).toHaveLength(0);
  });

  it('an operation with data', async () => {
    const { post } = await startCoprocessor({ supergraph: { request: {} } }, () => ({
      control: { break: 200 },
      body: { data: { hello: 'at once' } },
    }));
    expect(await (await post('{ hello }')).json()).toEqual({ data: { hello: 'at once' } });
  });

  it('a fetch', async () => {
    const { post, subgraph } = await startCoprocessor({ subgraph: { all: { request: {} } } }, () => ({
      ...broken,
      body: refusal,
    }));
    const response = await post('{ hello }');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      data: { hello: null },
      errors: [expect.objectContaining({ message: 'No.' })],
    });
    expect(subgraph.calls).toHaveLength(0);
  });
});
