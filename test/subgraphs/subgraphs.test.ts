import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Demo, startDemo } from '../../subgraphs/start.ts';
import { callGraphQL, freePorts, lookUp } from './call.ts';

let demo: Demo;

beforeAll(async () => {
  demo = await startDemo({ ports: freePorts });
});
afterAll(() => demo.close());

const url = (name: keyof Demo['services']): string => demo.services[name].url;

describe('root fields', () => {
  it('users: by id, all of them, or the first few', async () => {
    const { data } = await callGraphQL(
      url('users'),
      '{ user(id: "u1") { id name } nobody: user(id: "u0") { id } all: users { id } two: users(first: 2) { id } }',
    );
    expect(data.user).toEqual({ id: 'u1', name: 'Viktor Kaya' });
    expect(data.nobody).toBeNull();
    expect(data.all).toHaveLength(120);
    expect(data.two).toEqual([{ id: 'u1' }, { id: 'u2' }]);
  });

  it('products: five unless asked for more, with media of two types behind an interface', async () => {
    const { data } = await callGraphQL(
      url('products'),
      '{ products { id } many: products(first: 200) { media { __typename url ... on Video { duration } } } }',
    );
    expect(data.products.map(({ id }: { id: string }) => id)).toEqual(['p1', 'p2', 'p3', 'p4', 'p5']);
    const media: { __typename: string }[] = data.many.flatMap((product: { media: object[] }) => product.media);
    expect(new Set(media.map(({ __typename }) => __typename))).toEqual(new Set(['Image', 'Video']));
  });

  it('search: a union whose members two subgraphs know', async () => {
    const found = await callGraphQL(
      url('products'),
      '{ search(text: "nord", first: 3) { __typename ... on Brand { name products(first: 1) { brand { name } } } } }',
    );
    expect(found.data.search[0]).toEqual({
      __typename: 'Brand',
      name: 'Nordlys',
      products: [{ brand: { name: 'Nordlys' } }],
    });
    const people = await callGraphQL(url('users'), '{ searchUsers(text: "viktor k") { ... on User { id } } }');
    expect(people.data.searchUsers).toEqual([{ id: 'u1' }]);
  });

  it('reviews: highlights are products, users and reviews in turn', async () => {
    const { data } = await callGraphQL(url('reviews'), '{ highlights(first: 4) { __typename } }');
    const kinds = data.highlights.map(({ __typename }: { __typename: string }) => __typename);
    expect(kinds).toEqual(['Product', 'User', 'Review', 'Product']);
  });

  it('a negative `first` is the client’s mistake', async () => {
    const { errors } = await callGraphQL(url('users'), '{ users(first: -1) { id } }');
    expect(errors).toMatchObject([
      { message: '`first` must be 0 or more, not -1.', extensions: { code: 'BAD_USER_INPUT' } },
    ]);
  });
});

describe('entities', () => {
  it('are found by a single key, by another single key, and are null when there is none', async () => {
    const users = [
      { __typename: 'User', id: 'u1' },
      { __typename: 'User', email: 'viktor.kaya@example.com' },
      { __typename: 'User', id: 'u0' },
    ];
    expect(await lookUp(url('users'), '{ id }', ...users)).toEqual([{ id: 'u1' }, { id: 'u1' }, null]);
    const products = [
      { __typename: 'Product', id: 'p1' },
      { __typename: 'Product', sku: 'NOR-0001' },
    ];
    expect(await lookUp(url('products'), '{ id sku }', ...products)).toEqual([
      { id: 'p1', sku: 'NOR-0001' },
      { id: 'p1', sku: 'NOR-0001' },
    ]);
    expect(await lookUp(url('products'), '{ name }', { __typename: 'Brand', id: 'b1' })).toEqual([{ name: 'Nordlys' }]);
    expect(await lookUp(url('inventory'), '{ name }', { __typename: 'Warehouse', id: 'w1' })).toEqual([
      { name: 'Leipzig' },
    ]);
  });

  it('are found by a composite key, in both subgraphs that share it', async () => {
    const offers = [
      { __typename: 'Offer', sku: 'NOR-0001', region: 'US' },
      { __typename: 'Offer', sku: 'NOR-0000', region: 'US' },
    ];
    expect(await lookUp(url('products'), '{ price }', ...offers)).toEqual([{ price: Math.round(2690 * 1.08) }, null]);
    const [stocked, unknown] = await lookUp(url('inventory'), '{ available deliveryDays }', ...offers);
    expect(stocked).toEqual({ available: expect.any(Number), deliveryDays: expect.any(Number) });
    expect(unknown).toBeNull();
  });

  it('are found by a nested key, with what @requires adds inside it', async () => {
    const shipment = { __typename: 'Shipment', number: 1, order: { id: 'o1000' } };
    expect(await lookUp(url('orders'), '{ order { id status } items { product { id } } }', shipment)).toEqual([
      { order: { id: 'o1000', status: 'SHIPPED' }, items: [{ product: { id: 'p23' } }] },
    ]);
    const required = { placedAt: '2025-12-30T11:14:31.000Z', shippingAddress: { country: 'US' } };
    expect(
      await lookUp(
        url('inventory'),
        '{ number expectedAt trackingCode }',
        { ...shipment, order: { ...shipment.order, ...required } },
        { ...shipment, number: 9 },
      ),
    ).toEqual([
      { number: 1, expectedAt: '2026-01-05T11:14:31.000Z', trackingCode: expect.stringMatching(/^HG\d{10}$/) },
      null,
    ]);
  });

  it('shipping depends on price and weight, as required from products', async () => {
    const products = [
      { __typename: 'Product', id: 'p1', price: 2690, weight: 547 },
      { __typename: 'Product', id: 'p3', price: 61500, weight: 33036 },
    ];
    expect(await lookUp(url('inventory'), '{ shippingEstimate }', ...products)).toEqual([
      { shippingEstimate: 390 + 2 * 60 },
      { shippingEstimate: 0 },
    ]);
  });

  it('people are known to orders and reviews by id, to inventory by email', async () => {
    const byId = { __typename: 'User', id: 'u1' };
    const [buyer] = await lookUp(url('orders'), '{ orders(first: 1) { customer { id } } }', byId);
    expect(buyer).toEqual({ orders: [{ customer: { id: 'u1' } }] });
    const [author] = await lookUp(url('reviews'), '{ reviews(first: 1) { author { id name } } }', byId);
    expect(author).toEqual({ reviews: [{ author: { id: 'u1', name: 'Viktor Kaya' } }] });
    const waiting = { __typename: 'User', email: 'farid.kaya@example.com' };
    const [subscriber] = await lookUp(url('inventory'), '{ stockAlerts { id inStock } }', waiting);
    expect(subscriber).toEqual({ stockAlerts: expect.arrayContaining([{ id: 'p86', inStock: false }]) });
  });

  it('a type that is no entity is an error of that entity alone', async () => {
    const { data, errors } = await callGraphQL(
      url('users'),
      '{ _entities(representations: [{__typename: "Order", id: "o1"}, {__typename: "User", id: "u2"}]) { ... on User { id } } }',
    );
    expect(data._entities).toEqual([null, { id: 'u2' }]);
    expect(errors).toMatchObject([{ message: 'This subgraph has no entity type "Order"' }]);
  });

  it('the subgraph tells its SDL, without the gateway’s directives', async () => {
    const { data } = await callGraphQL(url('users'), '{ _service { sdl } }');
    expect(data._service.sdl).toContain('type User @key(fields: "id") @key(fields: "email")');
    expect(data._service.sdl).not.toContain('@subgraph');
  });
});

describe('mutations', () => {
  const place = `mutation ($input: PlaceOrderInput!) {
    placeOrder(input: $input) { id status total customer { id } items { quantity product { id } } }
  }`;
  const add = 'mutation ($input: AddReviewInput!) { addReview(input: $input) { id rating author { name } } }';

  it('an order that was placed is there in later queries', async () => {
    const input = { userId: 'u2', items: [{ productId: 'p1', quantity: 2 }, { productId: 'p3' }] };
    const { data } = await callGraphQL(url('orders'), place, { input });
    expect(data.placeOrder).toMatchObject({
      id: 'o1001',
      status: 'PENDING',
      total: 2 * 2690 + 61500,
      customer: { id: 'u2' },
      items: [
        { quantity: 2, product: { id: 'p1' } },
        { quantity: 1, product: { id: 'p3' } },
      ],
    });
    const later = await callGraphQL(url('orders'), '{ order(id: "o1001") { id } orders(first: 1) { id } }');
    expect(later.data).toEqual({ order: { id: 'o1001' }, orders: [{ id: 'o1001' }] });
    expect(await lookUp(url('orders'), '{ orders(first: 1) { id } }', { __typename: 'User', id: 'u2' })).toEqual([
      { orders: [{ id: 'o1001' }] },
    ]);
  });

  it('a review that was added is there in later queries', async () => {
    const input = { userId: 'u1', productId: 'p200', rating: 4, body: 'Good.' };
    const { data } = await callGraphQL(url('reviews'), add, { input });
    expect(data.addReview).toEqual({ id: 'r3001', rating: 4, author: { name: 'Viktor Kaya' } });
    const later = await lookUp(url('reviews'), '{ reviews { id } reviewCount averageRating }', {
      __typename: 'Product',
      id: 'p200',
    });
    expect(later).toEqual([{ reviews: [{ id: 'r3001' }], reviewCount: 1, averageRating: 4 }]);
  });

  it.each([
    [{ userId: 'u0', items: [{ productId: 'p1' }] }, 'There is no user "u0".'],
    [{ userId: 'u1', items: [] }, 'An order needs at least one item.'],
    [{ userId: 'u1', items: [{ productId: 'p0' }] }, 'There is no product "p0".'],
    [{ userId: 'u1', items: [{ productId: 'p1', quantity: 0 }] }, 'The quantity of "p1" must be 1 to 99, not 0.'],
  ])('placeOrder refuses %j', async (input, message) => {
    const { data, errors } = await callGraphQL(url('orders'), place, { input });
    expect(data).toBeNull();
    expect(errors).toMatchObject([{ message, extensions: { code: 'BAD_USER_INPUT' } }]);
  });

  it.each([
    [{ userId: 'u0', productId: 'p1', body: 'x' }, 'There is no user "u0".'],
    [{ userId: 'u1', productId: 'p0', body: 'x' }, 'There is no product "p0".'],
    [{ userId: 'u1', productId: 'p1', body: 'x', rating: 6 }, 'The rating must be 1 to 5, not 6.'],
    [{ userId: 'u1', productId: 'p1', body: ' ' }, 'The body must not be empty.'],
  ])('addReview refuses %j', async (input, message) => {
    const { errors } = await callGraphQL(url('reviews'), add, { input });
    expect(errors).toMatchObject([{ message, extensions: { code: 'BAD_USER_INPUT' } }]);
  });
});
