import { expect, test, vi } from 'vitest';
import { Secrets } from '../secrets.ts';
import { fakeSubgraph } from '../sources/fake-subgraph.ts';
import { project, startCli } from './run-cli.ts';

const PATIENCE = { timeout: 120_000, interval: 50 };

/** Ends the process from a timer, where no request is there to catch the error. */
const CRASHING_PLUGIN = `import { definePlugin } from 'headgate/plugin';
export default definePlugin({
  name: 'crashing',
  reads: 'nothing',
  hooks: {
    onParse({ query }) {
      if (!query.includes('Crash')) return;
      const failure = Object.assign(new Error('out of order'), { plugin: 'crashing' });
      setTimeout(() => { throw failure; });
    },
  },
});
`;

/** Starts a gateway over one subgraph, and collects what it prints and what its clients see. */
async function gatewayWith(config: string, files: Record<string, string>, env: Record<string, string> = {}) {
  const subgraph = await fakeSubgraph(
    (req, res) => void req.resume().on('end', () => res.end('{"data":{"hello":"hi"}}')),
  );
  const dir = await project({
    'schemas/shop.graphql': `extend schema @subgraph(url: "${subgraph.url}")\ntype Query { hello: String }`,
    'headgate.yaml': config,
    ...files,
  });
  const cli = startCli(dir, ['start', '--port', '0'], '', [], { LOG_LEVEL: 'trace', ...env });
  await vi.waitFor(() => expect(cli.output.stdout, cli.output.stderr).toMatch(/^Headgate listening on /m), PATIENCE);
  const url = /^Headgate listening on (\S+)$/m.exec(cli.output.stdout)?.[1] ?? '';
  const seen: string[] = [];
  const ask = async (query: string, headers: Record<string, string> = {}) => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers } };
    const response = await fetch(url, { ...init, body: JSON.stringify({ query }) });
    seen.push(JSON.stringify([...response.headers]) + (await response.text()));
    return response.status;
  };
  return { cli, dir, ask, seen };
}

test('signing keys, debug tokens, the coprocessor, the collector and a crash give no secret away', async () => {
  const secrets = new Secrets();
  const s = (name: string) => secrets.create(name);
  const signing = { inline: s('signing key'), file: s('signing key of a file') };
  const config = `
debug: { token_secret: "${s('debug.token_secret')}" }
authentication:
  subgraph:
    all: { http_message_signature: { key: "${signing.inline}", key_id: gateway } }
    subgraphs: { shop: { http_message_signature: { key_file: signing.key } } }
coprocessor:
  url: "http://user:${s('coprocessor.password')}@127.0.0.1:1/?key=${s('coprocessor.key')}"
  router: { request: { on_error: ignore, headers: true } }
telemetry:
  exporters:
    metrics:
      otlp: { enabled: true, endpoint: "http://127.0.0.1:1", interval: 100ms, headers: { authorization: "Bearer ${s('otlp.header')}" } }
plugins: [{ path: crashing.ts, config: { key: "${s('plugin.config')}" } }]
`;
  const files = { 'signing.key': signing.file, 'crashing.ts': CRASHING_PLUGIN };
  const env = { OTEL_EXPORTER_OTLP_HEADERS: `x-api-key=${s('OTEL_EXPORTER_OTLP_HEADERS')}` };
  const { cli, dir, ask, seen } = await gatewayWith(config, files, env);

  expect(await ask('{ hello }')).toBe(200);
  await vi.waitFor(() => expect(cli.output.stdout).toContain('metrics cannot be sent to the collector'), PATIENCE);
  // tokens for traces: a good one, one of another secret, and text that is no token
  const minted = await startCli(dir, ['debug-token'], '', [], env).ended;
  expect(minted.code, minted.stderr).toBe(0);
  const token = secrets.add('debug token', minted.stdout.trim().split('.')[2] ?? '');
  const trace = (value: string) => ask('{ hello }', { 'x-headgate-debug': 'trace', 'x-headgate-debug-token': value });
  expect(await trace(minted.stdout.trim())).toBe(200);
  expect(await trace(`${minted.stdout.trim().slice(0, -token.length)}${s('forged debug token')}`)).toBe(403);
  expect(await trace(s('malformed debug token'))).toBe(403);
  for (const args of [['validate'], ['plugins', 'list'], ['compose']]) {
    const { stdout, stderr } = await startCli(dir, args, '', [], env).ended;
    seen.push(stdout + stderr);
  }
  // last: the process ends with a stack
  await ask('query Crash { hello }').catch(() => {});
  const { code, stdout, stderr } = await cli.ended;
  expect(code).not.toBe(0);
  expect(stdout + stderr).toContain('out of order');
  const printed = [...seen, ...`${stdout}\n${stderr}`.split('\n')];
  expect(printed.flatMap((text) => secrets.leaksIn(text).map((name) => `${name} in ${text.slice(0, 400)}`))).toEqual(
    [],
  );
});
