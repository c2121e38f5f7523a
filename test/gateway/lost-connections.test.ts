import type { RequestListener, ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { bodyOf } from '../sources/fake-subgraph.ts';
import { json, stubApi } from '../sources/rest/stub-api.ts';
import { gatewayOver } from '../sources/stitched/gateway.ts';
import { httpWorld } from './http-world.ts';
import { post } from './serving.ts';

const shop = {
  products: {
    typeDefs: 'type Query { title: String } type Mutation { rename: String }',
    resolvers: { Query: { title: () => 'one' }, Mutation: { rename: () => 'two' } },
  },
};

/** Closes the first connection that it is asked on without a word, and answers on every later one. */
const closingOnce = (answer: string): RequestListener => {
  let isFirst = true;
  return async (req, res) => {
    await bodyOf(req);
    if (isFirst) res.destroy();
    else res.writeHead(200, { 'content-type': 'application/json' }).end(answer);
    isFirst = false;
  };
};

describe('a subgraph that closes a connection before it answers', () => {
  it('is asked once more for a query: the client gets its data', async () => {
    const { server, behave, calls } = await httpWorld(shop);
    behave('products', closingOnce('{"data":{"title":"one"}}'));
    const response = await post(server.url, { query: '{ title }' });
    expect(await response.json()).toEqual({ data: { title: 'one' } });
    expect(calls.products).toBe(2);
  });

  it('is not asked again for a mutation, which may have been executed', async () => {
    const { server, behave, calls } = await httpWorld(shop);
    behave('products', closingOnce('{"data":{"rename":"two"}}'));
    const { data, errors } = await (await post(server.url, { query: 'mutation { rename }' })).json();
    expect([data, errors[0].extensions.code]).toEqual([{ rename: null }, 'SUBREQUEST_HTTP_ERROR']);
    expect(calls.products).toBe(1);
  });

  it('fails when it does so again, and the failure shows nothing of the tries', async () => {
    const { server, behave, calls } = await httpWorld(shop);
    behave('products', (_req, res) => void res.destroy());
    const { errors } = await (await post(server.url, { query: '{ title }' })).json();
    expect(errors[0].extensions).toEqual({
      code: 'SUBREQUEST_HTTP_ERROR',
      reason: 'connection closed before the response was complete',
      service: 'products',
    });
    expect(calls.products).toBe(2);
  });
});

it('a REST API that does so is asked once more for what only reads', async () => {
  const reset = (response: ServerResponse) => void response.destroy();
  const seen = new Set<string>();
  const api = await stubApi(({ method }) => {
    const isFirst = !seen.has(method);
    seen.add(method);
    return isFirst ? reset : json(200, { title: 'one' });
  });
  const gateway = await gatewayOver({
    shop: `
extend schema @link(url: "https://specs.apollo.dev/connect/v0.2", import: ["@source", "@connect"])
extend schema @source(name: "api", http: {baseURL: "${api.url}"})
type Query {
  title: String @connect(source: "api", http: {GET: "/title"}, selection: "$.title")
  found: String @connect(source: "api", http: {POST: "/search"}, selection: "$.title")
}`,
  });
  expect((await gateway.ask('{ title }')).data).toEqual({ title: 'one' });
  expect((await gateway.ask('{ found }')).data).toEqual({ found: null });
  expect(api.lines()).toEqual(['GET /title', 'GET /title', 'POST /search']);
});
