import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { type Answer, gatewayOver, stubSubgraph } from '../sources/stitched/gateway.ts';
import { stubService } from '../sources/stitched/stub-service.ts';
import { counted } from './counted.ts';

const METRICS = { telemetry: { metrics: { prometheus: { enabled: true, listen: '127.0.0.1:0' } } } };
const SDL = 'type Query { total: Int } type Mutation { order: Int }';

/** Fields of a mutation are executed one after the other: the shop's, the field of `other`, and the shop's again. */
const MUTATION = 'mutation { order ship again: order }';

const SHOPS = {
  'a federation subgraph': async () => {
    const shop = await stubSubgraph(`${SDL} type Item @key(fields: "id") { id: ID! }`, {
      resolvers: { Query: { total: () => 1 }, Mutation: { order: () => 2 } },
      entities: { Item: (key: object) => key },
    });
    return { shop, file: shop.file };
  },
  'a plain GraphQL service': async () => {
    const shop = await stubService(SDL, { 'Query.total': 1, 'Mutation.order': 2 });
    return { shop, file: `extend schema @service(url: "${shop.url}")\n${SDL}` };
  },
};

async function gatewayWith(kind: keyof typeof SHOPS) {
  const { shop, file } = await SHOPS[kind]();
  const other = await stubService('type Query { a: Int } type Mutation { ship: Int }', { 'Mutation.ship': 3 });
  const otherFile = `extend schema @service(url: "${other.url}")\ntype Query { a: Int } type Mutation { ship: Int }`;
  return { shop, gateway: await gatewayOver({ shop: file, other: otherFile }, METRICS) };
}

const busy = (status: number, retryAfter: string, body = '') => {
  return (_: unknown, res: ServerResponse) => {
    res.writeHead(status, { 'Retry-After': retryAfter, 'content-type': 'application/json' }).end(body);
  };
};

const inBrief = ({ errors = [] }: Answer) =>
  errors.map(({ path, extensions: { code, retryAfter, reason } }) => ({ path, code, retryAfter, reason }));

const KINDS = Object.keys(SHOPS) as (keyof typeof SHOPS)[];

test.each(KINDS.flatMap((kind) => [429, 503].map((status) => [kind, status] as const)))(
  '%s that answers %i with Retry-After is not called again within the request',
  async (kind, status) => {
    const { shop, gateway } = await gatewayWith(kind);
    shop.answer = busy(status, '7');
    const answer = await gateway.ask(MUTATION);
    expect(answer.data).toEqual({ order: null, ship: 3, again: null });
    const failed = { code: 'SUBREQUEST_HTTP_ERROR', retryAfter: 7 };
    expect(inBrief(answer)).toEqual([
      { ...failed, path: ['order'], reason: `HTTP status ${status} without a GraphQL result` },
      { ...failed, path: ['again'], reason: 'Retry-After of the subgraph' },
    ]);
    expect(shop.requests).toHaveLength(1);
    // another request finds out for itself
    await gateway.ask('{ total }');
    expect(shop.requests).toHaveLength(2);
    // what was not sent is no fetch
    expect(await counted(gateway, 'headgate_subgraph_requests_total')).toMatchObject({ [`shop ${status}`]: 2 });
    expect(await counted(gateway, 'headgate_subgraph_errors_total')).toEqual({ 'shop SUBREQUEST_HTTP_ERROR': 2 });
  },
);

test('a date is read, too; without Retry-After, the subgraph is called again', async () => {
  const { shop, gateway } = await gatewayWith('a federation subgraph');
  shop.answer = busy(503, new Date(Date.now() + 60_000).toUTCString());
  const [first] = inBrief(await gateway.ask(MUTATION));
  expect(Number(first?.retryAfter)).toBeGreaterThan(30);
  expect(shop.requests).toHaveLength(1);
  shop.answer = busy(503, 'tomorrow');
  expect(inBrief(await gateway.ask(MUTATION)).map(({ retryAfter }) => retryAfter)).toEqual([undefined, undefined]);
  expect(shop.requests).toHaveLength(3);
});

test.each(KINDS)('the errors in a GraphQL result of %s with status 429 say when to retry', async (kind) => {
  const { shop, gateway } = await gatewayWith(kind);
  const errors = [{ message: 'slow down', extensions: { code: 'TOO_MANY_REQUESTS' } }];
  shop.answer = busy(429, '9', JSON.stringify({ errors, data: null }));
  const answer = await gateway.ask(MUTATION);
  expect(inBrief(answer)).toMatchObject([
    { path: ['order'], code: 'TOO_MANY_REQUESTS', retryAfter: 9 },
    { path: ['again'], code: 'SUBREQUEST_HTTP_ERROR', retryAfter: 9, reason: 'Retry-After of the subgraph' },
  ]);
  expect(shop.requests).toHaveLength(1);
});
