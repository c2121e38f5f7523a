import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { get } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { PROGRAMS } from '../programs.ts';
import { project, runCli, startCli } from './run-cli.ts';

type Cli = ReturnType<typeof startCli>;

const PATIENCE = { timeout: 120_000, interval: 50 };
const LISTENING = /^Headgate listening on (http:\/\/127\.0\.0\.1:(\d+)\/graphql)$/gm;

/** A subgraph that knows `hello`, under any alias. It answers once `released` resolves, and counts what it was asked. */
async function subgraph(released?: Promise<void>): Promise<{ url: string; asked: () => number }> {
  let asked = 0;
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    asked++;
    await released;
    const [, alias = 'hello'] = /(\w+):\s*hello/.exec(JSON.parse(body).query) ?? [];
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ data: { [alias]: 'from the subgraph' } }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`, asked: () => asked };
}

const schema = (url: string, fields = 'hello: String') =>
  `extend schema @subgraph(url: "${url}")\ntype Query { ${fields} }`;

async function startWorkers(
  workers: string,
  from?: string,
  files: Record<string, string> = {},
  env: Record<string, string> = {},
): Promise<{ cli: Cli; url: string; dir: string }> {
  const dir = await project({ 'schemas/hello.graphql': schema(from ?? (await subgraph()).url), ...files });
  const cli = startCli(dir, ['start', '--port', '0', '--workers', workers], '', [], env);
  await vi.waitFor(() => expect(cli.output.stdout).toMatch(LISTENING), PATIENCE);
  const [, url = ''] = [...cli.output.stdout.matchAll(LISTENING)][0] ?? [];
  return { cli, url, dir };
}

/** The child processes of one, except those that have ended and were not yet waited for. */
function childrenOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  return children.filter((child) => /^State:\s+[^Z]/m.test(statusOf(child)) && commandOf(child).includes('cli.js'));
}

const statusOf = (pid: number) => readIfThere(`/proc/${pid}/status`);
const commandOf = (pid: number) => readIfThere(`/proc/${pid}/cmdline`);

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** On a connection of its own, so that the next worker in turn answers it. */
async function ask(url: string, query = '{ hello }'): Promise<unknown> {
  const headers = { 'content-type': 'application/json', connection: 'close' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) });
  return response.json();
}

const LARGER_YOUNG_GENERATION = '--max-semi-space-size=32';
const HELLO = { data: { hello: 'from the subgraph' } };

/** CPU time in ticks, as the second and third field after the name in `/proc/PID/stat` count it. */
function ticksOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

test('several processes serve one port, which is printed once', async () => {
  const { cli, url } = await startWorkers('3');
  const pids = childrenOf(cli.pid);
  expect(pids).toHaveLength(3);
  const before = pids.map(ticksOf);
  await vi.waitFor(async () => {
    expect(await Promise.all(Array.from({ length: 60 }, () => ask(url)))).toEqual(Array(60).fill(HELLO));
    pids.forEach((pid, index) => void expect(ticksOf(pid)).toBeGreaterThan(before[index] as number));
  }, PATIENCE);
  expect(cli.output.stdout.match(LISTENING)).toHaveLength(1);
  cli.kill('SIGTERM');
  expect((await cli.ended).code).toBe(0);
  expect(pids.filter((pid) => statusOf(pid) !== '')).toEqual([]);
});

test('a worker that dies is replaced, and the others answer meanwhile', async () => {
  const { cli, url } = await startWorkers('2');
  const [victim = 0, other = 0] = childrenOf(cli.pid);
  process.kill(victim, 'SIGKILL');
  await vi.waitFor(() => expect(cli.output.stdout).toContain('a worker was ended by SIGKILL'), PATIENCE);
  do expect(await ask(url)).toEqual(HELLO);
  while (childrenOf(cli.pid).length < 2);
  expect(childrenOf(cli.pid)).toContain(other);
  expect(await Promise.all(Array.from({ length: 20 }, () => ask(url)))).toEqual(Array(20).fill(HELLO));
  expect(childrenOf(cli.pid)).not.toContain(victim);
});

test('workers have a larger young generation, also those that replace others', async () => {
  const { cli, url } = await startWorkers('2');
  const flagsOf = (pid: number) => commandOf(pid).split('\0').slice(1, 2);
  const [first = 0, second = 0] = childrenOf(cli.pid);
  expect([first, second].map(flagsOf)).toEqual([[LARGER_YOUNG_GENERATION], [LARGER_YOUNG_GENERATION]]);
  process.kill(first, 'SIGKILL');
  const others = () => childrenOf(cli.pid).filter((pid) => pid !== first && pid !== second);
  await expect.poll(() => others().map(flagsOf), PATIENCE).toEqual([[LARGER_YOUNG_GENERATION]]);
  expect(await ask(url)).toEqual(HELLO);
});

test('workers have no larger young generation where the user configures the heap', async () => {
  const { cli, url } = await startWorkers('2', undefined, {}, { NODE_OPTIONS: '--max-old-space-size=512' });
  expect(childrenOf(cli.pid).filter((pid) => commandOf(pid).includes('semi-space'))).toEqual([]);
  expect(await ask(url)).toEqual(HELLO);
});

test('when all die at once, they come back at the same port, also one that port 0 chose', async () => {
  const { cli, url } = await startWorkers('2');
  const first = childrenOf(cli.pid);
  for (const pid of first) process.kill(pid, 'SIGKILL');
  await vi.waitFor(async () => {
    const now = childrenOf(cli.pid);
    expect(now).toHaveLength(2);
    expect(now.some((pid) => first.includes(pid))).toBe(false);
    expect(await ask(url)).toEqual(HELLO);
  }, PATIENCE);
});

test('SIGTERM under load: what was asked is answered, then all exit', async () => {
  let release = () => {};
  const service = await subgraph(new Promise((resolve) => (release = resolve)));
  const { cli, url } = await startWorkers('2', service.url);
  const aliases = Array.from({ length: 40 }, (_, index) => `a${index}`);
  const answers = aliases.map((alias) => ask(url, `{ ${alias}: hello }`));
  await vi.waitFor(() => expect(service.asked()).toBe(aliases.length), PATIENCE);
  cli.kill('SIGTERM');
  // Not a query, for that would wait with the others. A connection that is taken just before the end may stay unanswered.
  const knock = () => fetch(url, { signal: AbortSignal.timeout(2_000) });
  await vi.waitFor(() => expect(knock()).rejects.toThrow('fetch failed'), PATIENCE);
  release();
  expect(await Promise.all(answers)).toEqual(aliases.map((alias) => ({ data: { [alias]: 'from the subgraph' } })));
  expect((await cli.ended).code).toBe(0);
});

test('every worker takes up a change of a schema', async () => {
  const { url, dir } = await startWorkers('2');
  await writeFile(join(dir, 'schemas/hello.graphql'), schema((await subgraph()).url, 'hello: String bye: String'));
  const fields = { data: { __type: { fields: [{ name: 'hello' }, { name: 'bye' }] } } };
  await vi.waitFor(async () => {
    const asked = Array.from({ length: 4 }, () => ask(url, '{ __type(name: "Query") { fields { name } } }'));
    expect(await Promise.all(asked)).toEqual(Array(4).fill(fields));
  }, PATIENCE);
});

test.skipIf(!PROGRAMS.openssl)('workers speak TLS where the config says so', async () => {
  const dir = await project({
    'schemas/hello.graphql': schema((await subgraph()).url),
    'headgate.yaml': 'tls: { supergraph: { certificate: cert.pem, key: key.pem } }',
  });
  const request = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-subj',
    '/CN=localhost',
  ];
  execFileSync('openssl', [...request, '-keyout', join(dir, 'key.pem'), '-out', join(dir, 'cert.pem')], {
    stdio: 'ignore',
  });
  const cli = startCli(dir, ['start', '--port', '0', '--workers', '2']);
  await vi.waitFor(() => expect(cli.output.stdout).toMatch(/^Headgate listening on https:/m), PATIENCE);
  const [, port = ''] = /https:\/\/127\.0\.0\.1:(\d+)/.exec(cli.output.stdout) ?? [];
  await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow();
  const certificate = { ca: readFileSync(join(dir, 'cert.pem')), servername: 'localhost' };
  const [response] = await once(get({ host: '127.0.0.1', port, path: '/health', ...certificate }), 'response');
  expect(response.statusCode).toBe(200);
  response.resume();
});

test('one admin listener for all workers: sums of their metrics, also after the end of one, and purging', async () => {
  const { cli, url } = await startWorkers('2', undefined, {
    'headgate.yaml': [
      'telemetry: { metrics: { prometheus: { enabled: true, listen: "127.0.0.1:0" } } }',
      'bff: { purge_token: a token to purge with }',
    ].join('\n'),
    'bff/web/hello.graphql': 'query Hello @endpoint(path: "/hello", cache: {maxAge: "1h"}) { hello }',
  });
  const [, metricsUrl = ''] = /^Headgate metrics at (\S+)$/m.exec(cli.output.stdout) ?? [];
  const requests = async (route: string) => {
    const text = await (await fetch(metricsUrl)).text();
    return Number(
      new RegExp(`^headgate_http_requests_total\\{route="${route}",status="200"\\} (\\d+)$`, 'm').exec(text)?.[1],
    );
  };
  await Promise.all(Array.from({ length: 20 }, () => ask(url)));
  await vi.waitFor(async () => expect(await requests('graphql')).toBe(20), PATIENCE);

  const keep = () => fetch(new URL('/bff/web/hello', url), { headers: { connection: 'close' } });
  const purge = async (at: string) => {
    const authorization = 'Bearer a token to purge with';
    const headers = { 'content-type': 'application/json', connection: 'close', authorization };
    const response = await fetch(new URL('/bff/purge', at), {
      method: 'POST',
      headers,
      body: '{"tags":["web/hello"]}',
    });
    return ((await response.json()) as { purged: number }).purged;
  };
  for (const at of [metricsUrl, url]) {
    // until both have had one to keep
    await vi.waitFor(async () => {
      await Promise.all(Array.from({ length: 10 }, keep));
      expect(await purge(at)).toBe(2);
    }, PATIENCE);
  }

  const [victim = 0] = childrenOf(cli.pid);
  process.kill(victim, 'SIGKILL');
  await vi.waitFor(() => expect(cli.output.stdout).toContain('a worker was ended by SIGKILL'), PATIENCE);
  await ask(url);
  await vi.waitFor(async () => expect(await requests('graphql')).toBe(21), PATIENCE);
});

test('what keeps the first worker from starting is said once, with exit code 1', async () => {
  const dir = await project({ 'schemas/a.graphql': 'type {' });
  const { code, stderr } = await runCli(dir, ['start', '--port', '0', '--workers', '3']);
  expect({ code, said: stderr.match(/INVALID_GRAPHQL/g) }).toEqual({ code: 1, said: ['INVALID_GRAPHQL'] });
  const port = new URL((await subgraph()).url).port;
  const good = await project({ 'schemas/hello.graphql': schema('http://127.0.0.1:1/graphql') });
  const taken = await runCli(good, ['start', '--port', port, '--workers', '2']);
  expect(taken).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^Cannot listen on .*port is in use.*--port.*\n$/),
  });
  const config = `telemetry: { metrics: { prometheus: { enabled: true, listen: "127.0.0.1:${port}" } } }`;
  const measured = await project({ 'schemas/hello.graphql': schema('http://127.0.0.1:1/'), 'headgate.yaml': config });
  const alsoTaken = await runCli(measured, ['start', '--port', '0', '--workers', '2']);
  expect(alsoTaken).toMatchObject({ code: 1, stderr: expect.stringContaining('telemetry.metrics.prometheus.listen') });
});

test('several processes refuse the single connection mode where it is asked for', async () => {
  const dir = await project({
    'schemas/hello.graphql': schema('http://127.0.0.1:1/graphql'),
    'headgate.yaml': 'subscription: { single_connection: { enabled: true } }',
  });
  const refused = await runCli(dir, ['start', '--port', '0', '--workers', '2']);
  const stderr = expect.stringContaining('subscription.single_connection.enabled: "true" does not work');
  expect(refused).toMatchObject({ code: 1, stderr });
  const { url } = await startWorkers('2');
  expect((await fetch(`${url}/stream`, { method: 'PUT' })).status).toBe(404);
});

test('workers that crash at every start are given up, after a few tries that grow apart', async () => {
  const dir = await project({
    'schemas/hello.graphql': schema('http://127.0.0.1:1/graphql'),
    'crash.mjs': `import cluster from 'node:cluster';\nif (cluster.isWorker) process.kill(process.pid, 'SIGKILL');`,
  });
  const crash = ['--import', pathToFileURL(join(dir, 'crash.mjs')).href];
  const { code, stdout, stderr } = await startCli(dir, ['start', '--port', '0', '--workers', '2'], '', crash).ended;
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: 'error: 5 workers in a row ended before they could serve; the last was ended by SIGKILL. Giving up.\n',
  });
  const delays = [...stdout.matchAll(/"delayMs":(\d+)/g)].map((match) => Number(match[1]));
  expect(delays).toEqual([100, 200, 400, 800]);
});

test('--workers 1 forks nothing; a number that is none is refused', async () => {
  const { cli, url } = await startWorkers('1');
  expect(childrenOf(cli.pid)).toEqual([]);
  expect(await ask(url)).toEqual(HELLO);
  const { code, stderr } = await runCli(await project(), ['start', '--workers', 'many']);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('Expected auto, or a whole number') });
});
