import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';
import { configFileSchema } from '../../src/config/config.ts';
import { startServer } from '../../src/gateway/server.ts';
import { plainEngine } from '../gateway/plain-engine.ts';
import { recordingLogger } from '../gateway/serving.ts';
import { CLIENT_ID, CLIENT_SECRET, OpenIdServer } from '../policy/login/openid-provider.ts';

/** Starts a gateway behind `/shop-api`, with an endpoint, the demo's page, and login for the client `web`. */
export async function startPrefixed(fields: object = {}) {
  const provider = await OpenIdServer.start();
  onTestFinished(() => provider.close());
  const dir = mkdtempSync(join(tmpdir(), 'headgate-prefix-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  mkdirSync(join(dir, 'web'));
  writeFileSync(join(dir, 'web/hello.graphql'), '{ hello }');
  writeFileSync(
    join(dir, 'web/secret.graphql'),
    'query @endpoint(auth: {required: true, kinds: ["session"]}) { hello }',
  );
  const web = {
    issuer: provider.issuer,
    client_id: CLIENT_ID,
    client_secret: CLIENT_SECRET,
    after_logout: '/shop-api/',
  };
  const file = configFileSchema.parse({
    supergraph: { listen: '127.0.0.1:0' },
    path_prefix: '/shop-api',
    login: { web },
    ...fields,
  });
  const print = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const server = await startServer({
    config: { ...file, supergraph: { ...file.supergraph, introspection: true }, production: false },
    schema: { load: async () => ({ sdl: 'one' }), watch: async () => ({ close: async () => {} }) },
    *createEngine() {
      return { engine: plainEngine('type Query { hello: String }', { hello: () => 'hi' }), close: async () => {} };
    },
    bffDir: dir,
    demo: true,
    logger: recordingLogger().logger,
  });
  onTestFinished(() => server.close());
  provider.register(`http://localhost:${server.port}/shop-api`);
  const printed = print.mock.calls.join('');
  print.mockRestore();
  const origin = new URL(server.url).origin;
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(origin + path, { headers, redirect: 'manual' });
  return { server, printed, origin, get, provider };
}
