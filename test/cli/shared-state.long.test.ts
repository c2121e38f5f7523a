import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { project, runCli, startCli } from './run-cli.ts';

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const LISTENING = /^Headgate listening on (http:\/\/\S+)\/graphql$/m;

/** A shop whose orders are numbered in the order in which they came. */
async function shop() {
  const orders: string[] = [];
  const reads: string[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    (body.includes('order') ? orders : reads).push(body);
    const id = `o${orders.length}`;
    // long enough for repetitions to come meanwhile
    await new Promise((resolve) => setTimeout(resolve, 50));
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ data: body.includes('order') ? { order: id } : { hello: 'hi' } }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
  const schema = `extend schema @subgraph(url: "${url}")\ntype Query { hello: String }\ntype Mutation { order(of: ID): ID }`;
  return { orders, reads, schema };
}

/** Two workers of one gateway. Each request has a connection of its own, so that the workers answer in turn. */
async function twoWorkers(files: Record<string, string>) {
  const cli = startCli(await project(files), ['start', '--port', '0', '--workers', '2']);
  await vi.waitFor(() => expect(cli.output.stdout).toMatch(LISTENING), { timeout: 30_000, interval: 50 });
  const origin = LISTENING.exec(cli.output.stdout)?.[1] ?? '';
  return async (path: string, body: object, headers: Record<string, string> = {}) => {
    const response = await fetch(origin + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close', ...headers },
      body: JSON.stringify(body),
    });
    return { status: response.status, headers: response.headers, json: (await response.json()) as unknown };
  };
}

/** What `send` gives when it is called `count` times, one after the other. */
async function inTurn<T>(count: number, send: () => Promise<T>): Promise<T[]> {
  const all: T[] = [];
  for (let i = 0; i < count; i++) all.push(await send());
  return all;
}

const HELLO = { query: '{ hello }' };
const statuses = (responses: readonly { status: number }[]) => responses.map(({ status }) => status);

test('an Idempotency-Key is used once by all workers together, one after the other and at the same time', async () => {
  const { orders, schema } = await shop();
  const post = await twoWorkers({
    'schemas/shop.graphql': schema,
    'bff/web/order.graphql': 'mutation Order($of: ID) @endpoint(path: "/orders") { order(of: $of) }',
  });
  const order = (key: string, of = 'p1') => post('/bff/web/orders', { of }, { 'idempotency-key': key });

  const responses = await inTurn(8, () => order('first'));
  expect(responses.map(({ json }) => json)).toEqual(Array(8).fill({ order: 'o1' }));
  expect(responses.map(({ headers }) => headers.get('idempotency-replayed'))).toEqual([null, ...Array(7).fill('true')]);
  expect(orders).toHaveLength(1);

  const together = await Promise.all(Array.from({ length: 20 }, () => order('second')));
  expect(together.map(({ json }) => json)).toEqual(Array(20).fill({ order: 'o2' }));
  expect(orders).toHaveLength(2);

  expect(statuses(await inTurn(4, () => order('second', 'p2')))).toEqual([422, 422, 422, 422]);
  expect(orders).toHaveLength(2);
});

test('a rate limit holds for all workers together', async () => {
  const { schema } = await shop();
  const post = await twoWorkers({
    'schemas/shop.graphql': schema,
    'headgate.yaml':
      'rate_limits: { requests: [{ limit: 6, window: 1h, by: [global] }], on_store_failure: fail_closed }',
  });
  const responses = await inTurn(12, () => post('/graphql', HELLO));
  expect(statuses(responses)).toEqual([...Array(6).fill(200), ...Array(6).fill(429)]);
});

test('bad credentials of one address are counted by all workers together', async () => {
  const { schema } = await shop();
  const post = await twoWorkers({
    'schemas/shop.graphql': schema,
    'headgate.yaml': [
      'authentication: { failed_attempts: { limit: 4, window: 1h } }',
      'api_keys: { file: keys.json }',
    ].join('\n'),
    'keys.json': '{"keys": []}',
  });
  const responses = await inTurn(10, () => post('/graphql', HELLO, { 'x-api-key': 'hg_made_up' }));
  expect(statuses(responses)).toEqual([...Array(4).fill(401), ...Array(6).fill(429)]);
});

test('a query that one worker has registered is known to the others', async () => {
  const { schema } = await shop();
  const post = await twoWorkers({ 'schemas/shop.graphql': schema });
  const extensions = {
    persistedQuery: { version: 1, sha256Hash: '001c3174e099bd72b729d0c0a529ba9f5a740c446e2a6e1d71b283cb84ec3065' },
  };
  await post('/graphql', { ...HELLO, extensions });
  const responses = await inTurn(6, () => post('/graphql', { extensions }));
  expect(responses.map(({ json }) => json)).toEqual(Array(6).fill({ data: { hello: 'hi' } }));
});

test('several workers do not start with sessions that each would keep for itself', async () => {
  const { schema } = await shop();
  const dir = await project({
    'schemas/shop.graphql': schema,
    'headgate.yaml': 'login: { web: { issuer: "http://127.0.0.1:1", client_id: a, client_secret: b } }',
  });
  const { code, stderr } = await runCli(dir, ['start', '--port', '0', '--workers', '2']);
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringMatching(/^login\.web\.session\.store: .*"redis".*store\.redis\.url.*--workers\.\n$/),
  });
});

/** How `headgate start` ends, or what it prints first, as a worker of another program: of a process manager, say. */
async function asForeignWorker(config: string) {
  const { schema } = await shop();
  const dir = await project({
    'schemas/shop.graphql': schema,
    'headgate.yaml': config,
    'bff/web/order.graphql': 'mutation Order($of: ID) @endpoint(path: "/orders") { order(of: $of) }',
    'manager.mjs': `import cluster from 'node:cluster';
      cluster.setupPrimary({ exec: '${CLI}', args: ['start', '--port', '0'], execArgv: ['--import', '${import.meta.resolve('tsx')}'] });
      const worker = cluster.fork();
      cluster.on('listening', () => { console.log('serves'); worker.process.kill('SIGTERM'); });
      worker.on('exit', (code) => process.exit(code ?? 1));`,
  });
  const child = spawn(process.execPath, ['manager.mjs'], { cwd: dir });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  const [code] = await once(child, 'close');
  return { code, output };
}

test('a worker of another program does not start with what it cannot keep alone', async () => {
  expect(await asForeignWorker('{}')).toEqual({
    code: 1,
    output: expect.stringMatching(/^bff\.redis: .*Idempotency-Key.*store\.redis\.url.*\n$/),
  });
  const redis = 'store: { redis: { url: "redis://127.0.0.1:1" } }';
  const closed = 'rate_limits: { store: memory, on_store_failure: fail_closed }';
  expect(await asForeignWorker([redis, 'bff: { redis: true }', closed].join('\n'))).toEqual({
    code: 1,
    output: expect.stringMatching(/rate_limits\.on_store_failure: .*store\.redis\.url/),
  });
  expect((await asForeignWorker([redis, 'bff: { redis: true }'].join('\n'))).output).toContain('serves');
});

test('a mutation at one worker invalidates what all of them have cached', async () => {
  const { reads, schema } = await shop();
  const hinted = schema
    .replace('hello: String', 'hello: String @cacheControl(maxAge: 600) @cacheTag(format: "hello")')
    .replace('order(of: ID): ID', 'order(of: ID): ID @invalidates(tags: ["hello"])');
  const post = await twoWorkers({
    'schemas/shop.graphql': hinted,
    'headgate.yaml': 'response_cache: { enabled: true }',
  });
  const hello = () => post('/graphql', HELLO);
  await inTurn(8, hello);
  // each worker has fetched it once, for itself
  expect(reads.length).toBe(2);
  await post('/graphql', { query: 'mutation { order }' });
  await vi.waitFor(async () => {
    await inTurn(4, hello);
    expect(reads.length).toBe(4);
  });
  await inTurn(8, hello);
  expect(reads.length).toBe(4);
});
