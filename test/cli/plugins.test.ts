import { expect, it } from 'vitest';
import { folderOf } from '../bff/support.ts';
import { runCli } from './run-cli.ts';

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
