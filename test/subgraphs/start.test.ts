import { afterEach, describe, expect, it } from 'vitest';
import { type Demo, readCommandLine, startDemo, startServices } from '../../subgraphs/start.ts';
import { callGraphQL, freePorts } from './call.ts';

const running: { close(): Promise<void> }[] = [];

async function remember<D extends Demo<never>>(starting: Promise<D>): Promise<D> {
  const demo = await starting;
  running.push(demo);
  return demo;
}

afterEach(async () => {
  for (const demo of running.splice(0)) await demo.close();
});

describe('startDemo', () => {
  it('starts every service on a port of its own, and each answers', async () => {
    const { services } = await remember(startDemo({ ports: freePorts }));
    expect(new Set(Object.values(services).map(({ port }) => port)).size).toBe(7);
    for (const { url } of Object.values(services)) {
      expect(await (await fetch(new URL('/health', url))).json()).toEqual({ status: 'ok' });
    }
  });

  it('stops one service alone, and starts it again on the same port with its data', async () => {
    const { services } = await remember(startServices(['orders', 'users'], { ports: freePorts }));
    const { orders, users } = services;
    const place = 'mutation { placeOrder(input: {userId: "u1", items: [{productId: "p1"}]}) { id } }';
    await callGraphQL(orders.url, place);

    await orders.stop();
    await expect(callGraphQL(orders.url, '{ orders { id } }')).rejects.toThrow();
    expect((await callGraphQL(users.url, '{ user(id: "u1") { id } }')).data).toEqual({ user: { id: 'u1' } });

    await orders.start();
    const { data } = await callGraphQL(orders.url, '{ orders(first: 1) { id } }');
    expect(data).toEqual({ orders: [{ id: 'o1001' }] });
  });

  it('says which service cannot have its port, and leaves none running', async () => {
    const { services } = await remember(startServices(['users'], { ports: freePorts }));
    const taken = services.users.port;
    const once = await startServices(['products'], { ports: freePorts });
    await once.close();
    const { url, port } = once.services.products;

    await expect(startServices(['products', 'orders'], { ports: { products: port, orders: taken } })).rejects.toThrow(
      `orders cannot listen on 127.0.0.1:${taken}: something else does. End that, or give orders another port.`,
    );
    await expect(fetch(url)).rejects.toThrow();
  });
});

describe('the command line', () => {
  it('starts all services, or those named, with a port where one is given', () => {
    expect(readCommandLine([]).names).toHaveLength(7);
    expect(readCommandLine(['users', 'orders=5003'])).toEqual({ names: ['users', 'orders'], ports: { orders: 5003 } });
  });

  it.each([
    ['user', /There is no service "user"\. There are: users, products,/],
    ['users=http', /"users=http": the port must be a number/],
    ['users=70000', /"users=70000": the port must be a number/],
  ])('refuses %s', (word, message) => {
    expect(() => readCommandLine([word])).toThrow(message);
  });
});

describe('GraphQL over HTTP', () => {
  it.each([
    ['no JSON', { method: 'POST', body: '{' }, 400, 'The request body is not JSON.'],
    ['no query', { method: 'POST', body: '{}' }, 400, '`query` must be the text of a GraphQL document.'],
    ['another method', { method: 'PUT', body: '{}' }, 405, 'Use POST, or GET for queries.'],
  ])('%s is refused', async (_, request, status, message) => {
    const { services } = await remember(startServices(['users'], { ports: freePorts }));
    const response = await fetch(services.users.url, request);
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({ errors: [{ message }] });
  });

  it('answers GET queries, and refuses GET mutations', async () => {
    const { services } = await remember(startServices(['orders'], { ports: freePorts }));
    const get = (query: string) => fetch(`${services.orders.url}?query=${encodeURIComponent(query)}`);
    const read = await get('{ order(id: "o1") { id } }');
    expect(await read.json()).toEqual({ data: { order: { id: 'o1' } } });
    const write = await get('mutation { placeOrder(input: {userId: "u1", items: [{productId: "p1"}]}) { id } }');
    expect(write.status).toBe(405);
  });

  it('a query that is not valid is 400 for clients that know the newer media type, else 200', async () => {
    const { services } = await remember(startServices(['users'], { ports: freePorts }));
    const send = (accept: string) =>
      fetch(services.users.url, { method: 'POST', headers: { accept }, body: '{"query":"{ nothing }"}' });
    expect((await send('application/graphql-response+json')).status).toBe(400);
    expect((await send('application/json')).status).toBe(200);
  });
});
