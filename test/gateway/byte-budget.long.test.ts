import { describe, expect, it, vi } from 'vitest';
import { bodyOf } from '../sources/fake-subgraph.ts';
import { sendRaw, shopWith, TEXT } from './byte-budget-world.ts';
import { post } from './serving.ts';

describe('responses that clients do not read', () => {
  /** More than what the kernel takes. */
  const HUGE = 'h'.repeat(20_000_000);
  const huge = JSON.stringify({ data: { text: HUGE } });

  async function shopWithHuge(limits: Record<string, string>) {
    const world = await shopWith({ max_buffered_bytes: '20MiB', ...limits });
    world.behave('products', async (req, res) => {
      const body = await bodyOf(req);
      res.setHeader('content-type', 'application/json');
      if (body.includes('hello')) res.end('{"data":{"hello":"hello"}}');
      else if (body.includes('add')) res.end(JSON.stringify({ data: { add: HUGE } }));
      else res.end(huge);
    });
    const socket = sendRaw(world.url, TEXT.length, TEXT);
    // its response counts, and no longer what came from the subgraph
    await world.untilHeld((bytes) => expect(bytes).toBe(huge.length));
    return { ...world, socket };
  }

  it('leave no memory for other large responses, except those of mutations', async () => {
    const { url, socket, untilHeld } = await shopWithHuge({});
    expect(await (await post(url, '{"query":"{ hello }"}')).json()).toEqual({ data: { hello: 'hello' } });
    expect(await (await post(url, '{"query":"mutation { add }"}')).json()).toEqual({ data: { add: HUGE } });
    expect(JSON.stringify(await (await post(url, TEXT)).json())).toContain('"code":"OVERLOADED"');
    socket.destroy();
    await untilHeld((bytes) => expect(bytes).toBe(0));
    expect(await (await post(url, TEXT)).text()).toBe(huge);
  });

  it('are given up after limits.client_write_timeout, and their clients disconnected', async () => {
    const { url, untilHeld, refusals, logged } = await shopWithHuge({ client_write_timeout: '1s' });
    await vi.waitFor(async () => expect(await refusals('client_write_timeout')).toBe(1));
    expect(logged('clients cut off')).toMatchObject([{ clients: 1, client_write_timeout: 1_000 }]);
    await untilHeld((bytes) => expect(bytes).toBe(0));
    expect(await (await post(url, TEXT)).text()).toBe(huge);
  });
});
