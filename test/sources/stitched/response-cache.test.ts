import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { TOKEN } from '../../gateway/admin-client.ts';
import { gatewayOver, stubSubgraph } from './gateway.ts';
import { stubService } from './stub-service.ts';

const BILLING = `
  type Query {
    invoice(id: ID!): Invoice
    documents: [Document!]!
  }
  interface Document { id: ID! }
  type Invoice implements Document { id: ID! total: Int }
  type Receipt implements Document { id: ID! }`;

/** A gateway with the cache, before a service that has other names in the graph. */
async function billing() {
  const totals: Record<string, number> = { 1: 10, 2: 20 };
  const invoice = (id: string) => ({ __typename: 'Invoice', id, total: totals[id] });
  const service = await stubService(BILLING, {
    'Query.invoice': ({ id }: { id: string }) => invoice(id),
    'Query.documents': () => [invoice('1'), { __typename: 'Receipt', id: '9' }],
  });
  const file = `extend schema @service(url: "${service.url}", prefix: "Billing")\n${BILLING}`;
  const gateway = await gatewayOver({ billing: file }, CACHE);
  return { service, gateway, totals };
}

const KEY = '0123456789abcdef';
const CACHE = {
  response_cache: { enabled: true, jitter: '0%', subgraph: { all: { ttl: '1h' } }, invalidation: { shared_key: KEY } },
  admin: { listen: '127.0.0.1:0', token: TOKEN },
};

async function invalidateType(adminUrl: string | undefined, type: string) {
  const response = await fetch(adminUrl?.replace(/admin$/, 'invalidation') ?? '', {
    method: 'POST',
    headers: { authorization: KEY },
    body: JSON.stringify([{ kind: 'type', subgraph: 'billing', type }]),
  });
  return response.json();
}

const oneLine = (text: string | undefined) => text?.replaceAll(/\s+/g, ' ');

it('fetches root fields that are missing with the names of the service', async () => {
  const { service, gateway } = await billing();
  await gateway.ask('{ a: billingInvoice(id: 1) { total } }');
  const answer = await gateway.ask('{ a: billingInvoice(id: 1) { total } b: billingInvoice(id: 2) { total } }');
  expect(answer).toEqual({ data: { a: { total: 10 }, b: { total: 20 } } });
  expect(service.requests.map(({ query }) => oneLine(query))).toEqual([
    '{ a: invoice(id: 1) { total } }',
    '{ b: invoice(id: 2) { total } }',
  ]);
});

it('invalidates values by the types of the graph', async () => {
  const { gateway, totals } = await billing();
  const documents = '{ billingDocuments { __typename ... on BillingInvoice { total } } }';
  const receipt = { __typename: 'BillingReceipt' };
  const ask = async () => (await gateway.ask(documents)).data;
  expect(await ask()).toEqual({ billingDocuments: [{ __typename: 'BillingInvoice', total: 10 }, receipt] });
  totals[1] = 11;
  expect(await ask()).toEqual({ billingDocuments: [{ __typename: 'BillingInvoice', total: 10 }, receipt] });
  expect(await invalidateType(gateway.adminUrl, 'BillingInvoice')).toEqual({ count: 1 });
  expect(await ask()).toEqual({ billingDocuments: [{ __typename: 'BillingInvoice', total: 11 }, receipt] });
});

it('does not use a value for a field that has another name since', async () => {
  const sdl = 'type Query { gross: Int! net: Int! }';
  const service = await stubService(sdl, { 'Query.gross': 120, 'Query.net': 100 });
  const fileWith = (field: string) =>
    `extend schema @service(url: "${service.url}")\n${sdl.replace(`${field}: Int!`, `${field}: Int! @rename(to: "price")`)}`;
  const gateway = await gatewayOver({ billing: fileWith('gross') }, CACHE);
  expect(await gateway.ask('{ price }')).toEqual({ data: { price: 120 } });
  await writeFile(join(gateway.dir, 'billing.graphql'), fileWith('net'));
  await expect.poll(() => gateway.ask('{ price }'), { timeout: 10_000 }).toEqual({ data: { price: 100 } });
});

it('lets nobody cache what it has looked up in a response with the status of an error', async () => {
  const products = await stubSubgraph(
    'type Query { best: Product @cacheControl(maxAge: 60) } type Product @key(fields: "id") { id: ID! }',
    {
      resolvers: { Query: { best: () => ({ id: '7' }) } },
      entities: { Product: ({ id }: { id: string }) => ({ id }) },
    },
  );
  const notes = await stubService('type Query { product(id: ID!): Product } type Product { id: ID! note: String }', {
    'Query.product': ({ id }: { id: string }) => ({ id, note: 'good' }),
  });
  const file = `extend schema @service(url: "${notes.url}")
    type Query { product(id: ID!): Product @merge(keyField: "id") } type Product { id: ID! note: String }`;
  const gateway = await gatewayOver({ products: products.file, notes: file });
  const get = async () => {
    const response = await fetch(`${gateway.url}?query={best{note}}`);
    return [response.headers.get('cache-control'), await response.json()];
  };
  expect(await get()).toEqual(['public, max-age=60', { data: { best: { note: 'good' } } }]);
  notes.answer = (_, res) => {
    res.statusCode = 500;
    return { data: { k0_0: { id: '7', note: 'bad' } } };
  };
  expect(await get()).toEqual(['no-store', { data: { best: { note: 'bad' } } }]);
});
