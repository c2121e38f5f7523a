import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { admin } from '../gateway/admin-client.ts';
import { project, startCli } from './run-cli.ts';
import { namedSubgraph, PATIENCE, type RunningGateway, startGateway } from './running-gateway.ts';

const endpoint = (path: string, field = 'hello') => `query Hello @endpoint(path: "/${path}") { ${field} }`;

async function gateway(
  workers: number,
  files: Readonly<Record<string, string>> = {},
): Promise<RunningGateway & { get(path: string): Promise<number> }> {
  const { url } = await namedSubgraph('a');
  const schema = `extend schema @subgraph(url: "${url}")\ntype Query { hello: String }`;
  const running = await startGateway(
    workers,
    {
      'schemas/hello.graphql': schema,
      'bff/web/hello.graphql': endpoint('hello'),
      'documents/a.graphql': 'query A { hello }',
      ...files,
    },
    'persisted_queries: { enabled: true, manifest: [documents], safelist: { enabled: true } }\n',
  );
  const get = async (path: string) => {
    const response = await fetch(running.url.replace('/graphql', path), { headers: { connection: 'close' } });
    await response.text();
    return response.status;
  };
  return { ...running, get };
}

test.each([1, 3])('SIGHUP reads endpoints and documents again, --workers %i', async (workers) => {
  const { dir, get, ask, pid, log } = await gateway(workers);
  await writeFile(join(dir, 'bff/web/second.graphql'), endpoint('second').replace('Hello', 'Second'));
  await writeFile(join(dir, 'documents/b.graphql'), 'query B { hello }');
  expect(await get('/bff/web/second')).toBe(404);
  process.kill(pid, 'SIGHUP');
  await vi.waitFor(() => expect(log().match(/persisted queries reloaded/g)).toHaveLength(workers), PATIENCE);
  await vi.waitFor(async () => {
    const statuses = await Promise.all(Array.from({ length: 12 }, () => get('/bff/web/second')));
    expect(new Set(statuses)).toEqual(new Set([200]));
  }, PATIENCE);
  const answers = await Promise.all(Array.from({ length: 12 }, () => ask('query B { hello }')));
  for (const answer of answers) expect(answer).not.toMatchObject({ errors: expect.anything() });
});

test.each([1, 3])('SIGHUP with an endpoint that is not valid keeps all endpoints, --workers %i', async (workers) => {
  const { dir, get, pid, log } = await gateway(workers);
  await writeFile(join(dir, 'bff/web/hello.graphql'), endpoint('hello', 'helo'));
  process.kill(pid, 'SIGHUP');
  await vi.waitFor(() => expect(log().match(/keeping the previous ones/g)).toHaveLength(workers), PATIENCE);
  expect(log()).toContain('helo');
  expect(await Promise.all(Array.from({ length: 12 }, () => get('/bff/web/hello')))).toEqual(Array(12).fill(200));
  // an endpoint that is removed on purpose is gone
  await rm(join(dir, 'bff/web/hello.graphql'));
  process.kill(pid, 'SIGHUP');
  await vi.waitFor(async () => {
    const statuses = await Promise.all(Array.from({ length: 12 }, () => get('/bff/web/hello')));
    expect(new Set(statuses)).toEqual(new Set([404]));
  }, PATIENCE);
});

test('the admin API reloads, too', async () => {
  const { dir, get, adminUrl } = await gateway(2);
  await writeFile(join(dir, 'bff/web/second.graphql'), endpoint('second').replace('Hello', 'Second'));
  expect((await admin(adminUrl, '/reload', {})).body).toEqual({ applied: 2, processes: 2 });
  expect(await Promise.all(Array.from({ length: 12 }, () => get('/bff/web/second')))).toEqual(Array(12).fill(200));
});

test('many signals in a row end nothing', async () => {
  const { pid, get, workers, log } = await gateway(2);
  const before = workers();
  for (const target of [pid, ...before, pid, ...before]) process.kill(target, 'SIGHUP');
  await vi.waitFor(() => expect(log()).toContain('persisted queries reloaded'), PATIENCE);
  expect(await get('/bff/web/hello')).toBe(200);
  expect(workers()).toEqual(before);
});

/** A module that waits while there is a file `hold`. */
const HELD = `
import { existsSync, writeFileSync } from 'node:fs';
if (existsSync('hold')) writeFileSync('held', '');
while (existsSync('hold')) await new Promise((resolve) => setTimeout(resolve, 20));
export default (data) => data;`;

test('a worker that is starting reloads, too: it may have read files before they changed', async () => {
  const { dir, get, pid, workers, adminUrl } = await gateway(2, { 'bff/web/hello.mjs': HELD });
  await writeFile(join(dir, 'hold'), '');
  process.kill(workers()[0] ?? 0, 'SIGKILL');
  await vi.waitFor(() => expect(existsSync(join(dir, 'held'))).toBe(true), PATIENCE);
  await writeFile(join(dir, 'bff/web/second.graphql'), endpoint('second').replace('Hello', 'Second'));
  process.kill(pid, 'SIGHUP');
  await vi.waitFor(async () => expect(await get('/bff/web/second')).toBe(200), PATIENCE);
  await rm(join(dir, 'hold'));
  await vi.waitFor(async () => expect((await admin(adminUrl, '/endpoints')).body.processes).toBe(2), PATIENCE);
  expect(await Promise.all(Array.from({ length: 20 }, () => get('/bff/web/second')))).toEqual(Array(20).fill(200));
});

test('so does a single process', async () => {
  const { url: subgraph } = await namedSubgraph('a');
  const dir = await project({
    'schemas/hello.graphql': `extend schema @subgraph(url: "${subgraph}")\ntype Query { hello: String }`,
    'bff/web/hello.graphql': endpoint('hello'),
    'bff/web/hello.mjs': HELD,
    hold: '',
  });
  const cli = startCli(dir, ['start', '--port', '0']);
  await vi.waitFor(() => expect(existsSync(join(dir, 'held'))).toBe(true), PATIENCE);
  await writeFile(join(dir, 'bff/web/second.graphql'), endpoint('second').replace('Hello', 'Second'));
  process.kill(cli.pid, 'SIGHUP');
  await rm(join(dir, 'hold'));
  const listening = /^Headgate listening on (\S+)graphql$/m;
  await vi.waitFor(() => expect(cli.output.stdout, cli.output.stderr).toMatch(listening), PATIENCE);
  const url = `${listening.exec(cli.output.stdout)?.[1]}bff/web/second`;
  await vi.waitFor(async () => expect((await fetch(url)).status).toBe(200), PATIENCE);
});
