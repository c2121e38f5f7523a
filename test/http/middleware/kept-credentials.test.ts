import { expect, test, vi } from 'vitest';
import type { Identity } from '../../../src/client/identity.ts';
import { type LoadedPlugin, PluginSet } from '../../../src/plugins/plugin-set.ts';
import type { Authenticator } from '../../../src/policy/authentication/authenticator.ts';
import { plainEngine } from '../../gateway/plain-engine.ts';
import { post, recordingLogger, serve } from '../../gateway/serving.ts';

const ANN: Identity = { kind: 'api_key', subject: 'ann', scopes: [], claims: {} };

/** A gateway with one plugin. Returns, after one query, the headers in which credentials were looked for again. */
async function lookedFor(hooks: LoadedPlugin['plugin']['hooks']): Promise<unknown[]> {
  const engine = plainEngine('type Query { hello: String }', { hello: () => 'hi' });
  const checkLater = vi.fn<Authenticator['checkLater']>(() => undefined);
  const authenticator: Authenticator = {
    authenticate: () => ({ ip: '127.0.0.1', identity: ANN }),
    checkLater: (req, identity) => checkLater({ ...req, headers: { ...req.headers } } as typeof req, identity),
    addressOf: () => '127.0.0.1',
    files: [],
    close() {},
  };
  const { logger: log } = recordingLogger();
  const plugin = { name: 'one', plugin: { name: 'one', hooks }, config: {}, timeoutMs: 1_000, onError: 'fail', log };
  const set = new PluginSet([plugin as unknown as LoadedPlugin]);
  const { url } = await serve({ engine: () => engine, authenticator, plugins: () => set });
  const response = await post(url, { query: '{ hello }' }, { authorization: 'Bearer first' });
  expect(await response.json()).toEqual({ data: { hello: 'hi' } });
  return checkLater.mock.calls.map(([{ headers }]) => headers.authorization);
}

test('credentials are not looked for again for a query', async () => {
  expect(await lookedFor({ onAuthenticate: ({ request }) => void request.headers.get('authorization') })).toEqual([]);
});

test('credentials are remembered once, before a plugin changes headers', async () => {
  const change: LoadedPlugin['plugin']['hooks'] = {
    onAuthenticate: ({ request }) => {
      request.headers.set('authorization', 'Bearer second');
      request.headers.delete('authorization');
    },
  };
  expect(await lookedFor(change)).toEqual(['Bearer first']);
});

test('what a plugin changes before authentication is not remembered', async () => {
  expect(await lookedFor({ onRequest: ({ request }) => void request.headers.set('x-tenant', 'a') })).toEqual([]);
});
