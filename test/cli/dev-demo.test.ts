import { createServer } from 'node:http';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startDemoFor } from '../../subgraphs/start.ts';

/** All services run elsewhere, except these. */
function elsewhereBut(...names: string[]): Record<string, string | undefined> {
  const all = ['users', 'products', 'orders', 'reviews', 'inventory', 'recommendations', 'notifications'];
  const others = all.filter((name) => !names.includes(name));
  return Object.fromEntries(others.map((name) => [`${name.toUpperCase()}_URL`, 'http://127.0.0.1:1/elsewhere']));
}

test('the demo starts the services that are not run elsewhere, and says where they are', async () => {
  const env = elsewhereBut('orders');
  const demo = await startDemoFor(env);
  onTestFinished(() => demo.close());
  expect(env.USERS_URL).toBe('http://127.0.0.1:1/elsewhere');
  const answer = await fetch(`${env.ORDERS_URL}?query={orders(first:1){id}}`);
  expect(await answer.json()).toEqual({ data: { orders: [{ id: 'o1000' }] } });
});

test('a service whose port is taken goes to a free one, and that is reported', async () => {
  // the process that has the port now: this server, or one that was there before
  const inTheWay = createServer((_request, response) => void response.end('not orders'));
  await new Promise<void>((resolve) => inTheWay.once('error', () => resolve()).listen(4003, '127.0.0.1', resolve));
  onTestFinished(() => void inTheWay.close());
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  onTestFinished(() => log.mockRestore());

  const env = elsewhereBut('orders');
  const demo = await startDemoFor(env);
  onTestFinished(() => demo.close());
  expect(env.ORDERS_URL).not.toContain(':4003/');
  expect(log.mock.calls).toEqual([[`Port 4003 is taken: orders is at ${env.ORDERS_URL}`]]);
  const answer = await fetch(`${env.ORDERS_URL}?query={orders(first:1){id}}`);
  expect(await answer.json()).toEqual({ data: { orders: [{ id: 'o1000' }] } });
});
