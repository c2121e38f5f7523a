import type { ServerResponse } from 'node:http';
import { expect, it, vi } from 'vitest';
import type { Plugin } from '../../src/plugins/plugin.ts';
import { GatewayError } from '../../src/shared/gateway-error.ts';
import { json, stubApi } from '../sources/rest/stub-api.ts';
import { gatewayWithPlugins, startWorld } from './world.ts';

/** A plugin that numbers the tries. */
function numbering(more: Partial<Plugin> = {}): { readonly plugin: Plugin; readonly tries: string[] } {
  const tries: string[] = [];
  const plugin: Plugin = {
    name: 'numbering',
    reads: 'nothing',
    hooks: {
      async onTry({ subgraph, operationType, body, headers }) {
        headers.set('x-try', String(tries.push(`${subgraph} ${operationType} ${body}`)));
      },
    },
    ...more,
  };
  return { plugin, tries };
}

const REST = (url: string) => `
extend schema @source(name: "api", http: {baseURL: "${url}", headers: [{name: "X-Try", value: "connector"}]})
type Query { review(id: ID!): Review @connect(source: "api", http: {GET: "/reviews/{$args.id}"}, selection: "id text") }
type Mutation { rate(id: ID!): Review @connect(source: "api", http: {POST: "/ratings", body: "id: $args.id"}, selection: "id text") }
type Review { id: ID text: String }`;

it('onTry is called for each call of a REST API, also for those that are repeated', async () => {
  let calls = 0;
  const api = await stubApi(({ headers }) => (++calls === 1 ? json(503, {}) : { id: '1', text: headers['x-try'] }));
  const { plugin, tries } = numbering();
  const { post } = await gatewayWithPlugins({ reviews: REST(api.url) }, [plugin], {
    traffic_shaping: { all: { retry: { max_attempts: 2, backoff: { base: '1ms', max: '1ms' } } } },
  });
  expect(await post('{ review(id: 1) { text } }')).toEqual({ data: { review: { text: '2' } } });
  expect(await post('mutation { rate(id: 1) { text } }')).toEqual({ data: { rate: { text: '3' } } });
  expect(tries).toEqual(['reviews query ', 'reviews query ', 'reviews mutation {"id":"1"}']);
});

it.each([
  ['refuses', () => Promise.reject(new GatewayError(403, 'NOT_SIGNED', 'No key.')), 'NOT_SIGNED'],
  ['throws', () => Promise.reject(new Error('secret')), 'PLUGIN_FAILED'],
  ['returns a result, which is none of the API', () => ({ data: { id: '2' } }), 'PLUGIN_FAILED'],
])('an onTry that %s fails the fields of the call', async (_, onTry, code) => {
  const api = await stubApi(() => ({ id: '1', text: 'fine' }));
  const { post } = await gatewayWithPlugins({ reviews: REST(api.url) }, [numbering({ hooks: { onTry } }).plugin]);
  const { data, errors } = await post('{ review(id: 1) { text } }');
  expect(data).toEqual({ review: null });
  expect(errors).toEqual([expect.objectContaining({ path: ['review'] })]);
  expect(errors[0].extensions.code).toBe(code);
  expect(JSON.stringify(errors)).not.toContain('secret');
  expect(api.calls).toHaveLength(0);
});

it('a cached response of a REST API is for all clients only if onTry reads nothing of them', async () => {
  const calls = async (reads: Plugin['reads']) => {
    const api = await stubApi(({ headers }) => (response: ServerResponse) => {
      response.setHeader('cache-control', 'max-age=60');
      json(200, { id: '1', text: headers['x-user'] })(response);
    });
    const onTry: Plugin['hooks']['onTry'] = ({ request, headers }) =>
      headers.set('x-user', reads === 'nothing' ? 'all' : (request.headers.get('x-user') ?? ''));
    const config = { connectors: { cache: { enabled: true } } };
    const { post } = await gatewayWithPlugins(
      { reviews: REST(api.url) },
      [numbering({ reads, hooks: { onTry } }).plugin],
      config,
    );
    const texts = [];
    for (const user of ['ada', 'bob'])
      texts.push((await post('{ review(id: 1) { text } }', { 'x-user': user })).data.review.text);
    return [texts, api.calls.length];
  };
  expect(await calls('nothing')).toEqual([['all', 'all'], 1]);
  expect(await calls({ headers: ['x-user'] })).toEqual([['ada', 'bob'], 2]);
});

it('onTry is called for each request to a plain GraphQL service', async () => {
  const service = await stubApi(({ body }) => {
    const { query } = JSON.parse(body);
    return { data: query.includes('product') ? { product: { id: '1', name: 'Lamp' } } : { hello: 'hi' } };
  });
  const { plugin, tries } = numbering();
  const { post } = await gatewayWithPlugins(
    {
      shop: `extend schema @service(url: "${service.url}")
        type Query { hello: String product(id: ID!): Product @merge(keyField: "id") }
        type Product { id: ID! name: String }`,
      other: `extend schema @subgraph(url: "http://127.0.0.1:1/")
        type Query { other: String }`,
    },
    [plugin],
  );
  expect(await post('{ hello }')).toEqual({ data: { hello: 'hi' } });
  expect(tries).toHaveLength(1);
  expect(service.calls[0]?.headers['x-try']).toBe('1');
});

it('requests that share the execution of an endpoint find what its hooks have stored', async () => {
  let began: (() => void) | undefined;
  const both = new Promise<void>((resolve) => {
    let count = 0;
    began = () => void (++count === 2 && resolve());
  });
  const { get, subgraph } = await startWorld({
    plugins: [
      {
        name: 'fetches',
        reads: 'nothing',
        hooks: {
          onRequest: () => began?.(),
          async onFetch({ context }) {
            await both;
            context.set('fetched', 'yes');
          },
          onResponse: ({ context, response }) => response.headers.set('x-fetched', String(context.get('fetched'))),
        },
      },
    ],
  });
  const responses = await Promise.all([get('/bff/web/user'), get('/bff/web/user')]);
  expect(responses.map(({ headers }) => headers.get('x-fetched'))).toEqual(['yes', 'yes']);
  expect(subgraph.calls).toHaveLength(1);
});

it('a header that onFetch removes reaches no try of the fetch, also where onTry adds another one', async () => {
  const shop = await stubApi(() => ({ data: { hello: 'hi' } }));
  const config = { headers: { all: { request: [{ propagate: { named: 'authorization' } }] } } };
  const plugin: Plugin = {
    name: 'without-token',
    reads: 'nothing',
    hooks: {
      onFetch: ({ removeForwarded }) => removeForwarded('authorization'),
      onTry: ({ headers }) => headers.set('x-try', 'signed'),
    },
  };
  const schema = `extend schema @subgraph(url: "${shop.url}") type Query { hello: String }`;
  const { post } = await gatewayWithPlugins({ shop: schema }, [plugin], config);
  expect(await post('{ hello }', { authorization: 'Bearer token' })).toEqual({ data: { hello: 'hi' } });
  expect(shop.calls[0]?.headers).toMatchObject({ 'x-try': 'signed' });
  expect(shop.calls[0]?.headers).not.toHaveProperty('authorization');
});

it('a mirror gets a fetch as onFetch has left it, and none that onFetch refuses or answers', async () => {
  const shop = await stubApi(() => ({ data: { hello: 'hi' } }));
  const mirror = await stubApi(() => ({ data: { hello: 'hi' } }));
  const config = {
    headers: { all: { request: [{ propagate: { named: 'authorization' } }] } },
    subgraphs: { shop: { mirror: { url: mirror.url } } },
  };
  const plugin: Plugin = {
    name: 'tenant',
    reads: 'nothing',
    hooks: {
      onFetch({ body, headers, removeForwarded, setBody }) {
        if (body.includes('refused')) throw new GatewayError(403, 'REFUSED', 'No.');
        if (body.includes('answered')) return { data: { answered: 'by the plugin' } };
        removeForwarded('authorization');
        headers.set('x-tenant', 'one');
        setBody(body.replace('secret', 'hello'));
      },
    },
  };
  const schema = `extend schema @subgraph(url: "${shop.url}") type Query { secret: String refused: String answered: String }`;
  const { post } = await gatewayWithPlugins({ shop: schema }, [plugin], config);
  const authorization = 'Bearer token';
  for (const field of ['refused', 'answered', 'secret']) await post(`{ ${field} }`, { authorization });
  await vi.waitFor(() => expect(mirror.calls).toHaveLength(1));
  const [call] = mirror.calls;
  expect(call?.body).toBe(shop.calls[0]?.body);
  expect(call?.headers).toMatchObject({ 'x-tenant': 'one' });
  expect(call?.headers).not.toHaveProperty('authorization');
});
