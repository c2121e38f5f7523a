import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { project, startCli } from './run-cli.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TRACKING = '{ order(id: "o1") { shipments { trackingCode } } }';
const STOCK = '{ product(id: "p7") { stock { quantity } } }';

/** The demo, and what it has printed. */
async function startDemo() {
  const dir = await project();
  for (const name of ['schemas', 'bff', 'headgate.yaml'])
    await cp(join(ROOT, name), join(dir, name), { recursive: true });
  const cli = startCli(dir, ['dev', '--demo', '--port', '0']);
  await vi.waitFor(() => expect(cli.output.stdout).toContain('Ctrl-C stops everything.'), 120_000);
  const [, url = ''] = /^Headgate listening on (\S+)$/m.exec(cli.output.stdout) ?? [];
  const ask = async (query: string, headers: Record<string, string> = {}) => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers } };
    // biome-ignore lint/suspicious/noExplicitAny: answers of many shapes
    return (await (await fetch(url, { ...init, body: JSON.stringify({ query }) })).json()) as any;
  };
  const exported = (name: string) => new RegExp(`export ${name}=(\\S+)`).exec(cli.output.stdout)?.[1];
  return { ask, token: exported('DEMO_TOKEN'), key: exported('DEMO_KEY') };
}

test('the demo prints a token and a key, and fields are null without them', async () => {
  const { ask, token, key } = await startDemo();
  const refused = { errors: [{ extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE' } }] };
  expect(await ask(TRACKING)).toMatchObject({
    data: { order: { shipments: [{ trackingCode: null }, {}] } },
    ...refused,
  });
  expect(await ask(STOCK, { authorization: `Bearer ${token}` })).toMatchObject({
    data: { product: { stock: null } },
    ...refused,
  });
  const { data } = await ask(TRACKING, { authorization: `Bearer ${token}` });
  expect(data.order.shipments[0].trackingCode).toMatch(/^HG\d+$/);
  expect(await ask(STOCK, { 'x-api-key': key ?? '' })).toEqual({
    data: { product: { stock: [59, 4, 70, 68].map((quantity) => ({ quantity })) } },
  });
});

test('in production there is no demo token and no demo key', async () => {
  vi.stubEnv('NODE_ENV', 'production');
  onTestFinished(() => void vi.unstubAllEnvs());
  const { ask, token, key } = await startDemo();
  expect([token, key]).toEqual([undefined, undefined]);
  expect((await ask(TRACKING)).data.order.shipments[0]).toEqual({ trackingCode: null });
});
