import { expect, test } from 'vitest';
import { clientAwarenessSection } from '../../../src/config/sections/access-log.ts';
import { plainEngine } from '../../gateway/plain-engine.ts';
import { post, serve } from '../../gateway/serving.ts';

const engine = plainEngine('type Query { hello: String }', { hello: () => 'hi' });

function gateway(settings: object) {
  return serve({ engine: () => engine, clientAwareness: clientAwarenessSection.parse(settings) });
}

const HELLO = { query: '{ hello }' };

test('a client need not name itself by default', async () => {
  const { url } = await gateway({});
  expect((await post(url, HELLO)).status).toBe(200);
});

test('where a name is required, a request without one is refused, and says what to send', async () => {
  const { url } = await gateway({ required: true });
  const response = await post(url, HELLO);
  expect(response.status).toBe(400);
  expect(await response.json()).toEqual({
    errors: [
      {
        message:
          'The request does not say the name of its client. Send it in the header apollographql-client-name or graphql-client-name.',
        extensions: { code: 'CLIENT_NAME_REQUIRED' },
      },
    ],
  });
  expect((await post(url, HELLO, { 'graphql-client-name': 'web' })).status).toBe(200);
  expect((await post(url, HELLO, { 'apollographql-client-name': 'web' })).status).toBe(200);
});

test.each([
  ['spaces', '  '],
  ['nothing but characters that are no ASCII', '\u00e4\u00f6'],
])('a name of %s is none', async (_what, name) => {
  const { url } = await gateway({ required: true });
  expect((await post(url, HELLO, { 'graphql-client-name': name })).status).toBe(400);
});

test('a version can be required, too, and the headers are those of the config', async () => {
  const { url } = await gateway({ version_required: true, version_headers: ['X-App-Version'] });
  const refused = await post(url, HELLO, { 'graphql-client-version': '1' });
  expect(await refused.json()).toMatchObject({ errors: [{ extensions: { code: 'CLIENT_VERSION_REQUIRED' } }] });
  expect((await post(url, HELLO, { 'x-app-version': '1' })).status).toBe(200);
});

test('a purge needs no name, because it needs a token', async () => {
  const { origin } = await gateway({ required: true, version_required: true });
  const response = await fetch(`${origin}/bff/purge`, { method: 'POST' });
  expect(await response.text()).not.toContain('CLIENT_');
});

test('health checks, preflight requests and pages need no name', async () => {
  const { url, origin } = await gateway({ required: true });
  expect((await fetch(`${origin}/health`)).status).toBe(200);
  const page = await fetch(url, { headers: { accept: 'text/html' } });
  expect(page.headers.get('content-type')).toContain('text/html');
  const preflight = await fetch(url, {
    method: 'OPTIONS',
    headers: { origin: 'https://shop.example', 'access-control-request-method': 'POST' },
  });
  expect(await preflight.text()).not.toContain('CLIENT_NAME_REQUIRED');
});

test('what must be sent needs a header to send it in', () => {
  const { error } = clientAwarenessSection.safeParse({ required: true, name_headers: [] });
  expect(error?.issues).toMatchObject([{ path: ['name_headers'] }]);
});
