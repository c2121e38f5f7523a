import { expect, it, vi } from 'vitest';
import { folderOf } from '../bff/support.ts';
import { project, runCli, startCli } from './run-cli.ts';

const TENANT = `import { definePlugin } from 'headgate/plugin';
export default definePlugin({ name: 'tenant', reads: { headers: ['host'], claims: true }, hooks: { onRequest() {}, onFetch() {} } });`;
const AUDIT = `export default { name: 'audit', hooks: { onRequest() {}, onResponse() {} } };`;

it('headgate plugins list prints the plugins, and which of them each hook calls', async () => {
  const dir = folderOf({
    'plugins/tenant.ts': TENANT,
    'plugins/audit.mjs': AUDIT,
    'headgate.yaml':
      'plugins:\n  - path: plugins/tenant.ts\n    timeout: 1s\n  - path: plugins/audit.mjs\n    on_error: ignore\n',
  });
  const { code, stdout } = await runCli(dir, ['plugins', 'list']);
  expect(code).toBe(0);
  expect(`\n${stdout}`).toBe(`
plugin  file               timeout  on_error  reads
tenant  plugins/tenant.ts  1000 ms  fail      headers host, claims
audit   plugins/audit.mjs  5000 ms  ignore    not declared: switches sharing and caches off

hook        calls
onRequest   tenant → audit
onFetch     tenant
onResponse  audit
`);
});

it('names a plugin that cannot be loaded, as start and validate do', async () => {
  const dir = folderOf({
    'schemas/a.graphql': 'extend schema @subgraph(url: "http://127.0.0.1:1/graphql") type Query { a: Int }',
    'plugins/bad.mjs': 'export default {name: "bad"};',
    'headgate.yaml': 'plugins:\n  - path: plugins/bad.mjs\n',
  });
  for (const command of [['plugins', 'list'], ['start'], ['validate']]) {
    const { code, stdout, stderr } = await runCli(dir, command);
    expect([command, code]).toEqual([command, 1]);
    expect(stdout + stderr).toContain('plugins[0]: the plugin "bad" has no "hooks".');
  }
});

it('work that a plugin starts and does not wait for ends no process', async () => {
  const dir = await project({
    'schemas/hello.graphql': 'extend schema @subgraph(url: "http://127.0.0.1:1")\ntype Query { hello: String }',
    'plugins/stray.mjs': `export default { name: 'stray', hooks: {
      onRequest() { void Promise.reject(new Error('nobody waits')); setTimeout(() => Promise.reject('later'), 1); },
    } };`,
    'headgate.yaml': 'plugins: [{ path: plugins/stray.mjs }]',
  });
  const cli = startCli(dir, ['start', '--port', '0']);
  const line = /^Headgate listening on (http:\/\/127\.0\.0\.1:\d+\/graphql)$/m;
  await vi.waitFor(() => expect(cli.output.stdout).toMatch(line), 120_000);
  const url = line.exec(cli.output.stdout)?.[1] ?? '';
  const body = JSON.stringify({ query: '{ __typename }' });
  const send = () => fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  expect(await (await send()).json()).toEqual({ data: { __typename: 'Query' } });
  await vi.waitFor(() => expect(cli.output.stdout).toMatch(/nobody waits(.|\n)*later/), 120_000);
  expect((await send()).status).toBe(200);
  cli.kill('SIGTERM');
  expect((await cli.ended).code).toBe(0);
});
