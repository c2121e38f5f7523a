import { describe, expect, it } from 'vitest';
import type { Plugin, PluginRequest } from '../../src/plugins/plugin.ts';
import { startWorld } from './world.ts';

const OF_REQUEST = ['onRequest', 'onAuthenticate', 'onResponse'] as const;
const OF_OPERATION = ['onParse', 'onValidate', 'onPlan', 'onExecute', 'onPayload'] as const;
const OF_FETCH = ['onFetch', 'onTry', 'onFetchResponse'] as const;

/** What the hooks of a payload or a response get. */
interface Given {
  readonly payload: object;
  readonly response: object;
}

/** Ways in which a hook fails, with what the log says. */
const FAILURES: Readonly<Record<string, readonly [(given: never) => unknown, RegExp]>> = {
  throws: [
    () => {
      throw new Error('secret of the plugin');
    },
    /secret of the plugin/,
  ],
  rejects: [() => Promise.reject(new Error('secret of the plugin')), /secret of the plugin/],
  'throws something else': [
    () => {
      throw 'secret of the plugin';
    },
    /it threw string secret of the plugin/,
  ],
  'never settles': [() => new Promise(() => {}), /no result within 50 ms/],
  'returns nonsense': [() => 42, /it returned number 42; expected/],
};

const failing = (hook: string, call: (given: never) => unknown): Plugin => ({
  name: 'broken',
  reads: 'nothing',
  hooks: { [hook]: call },
});

/** A plugin that fails in the hook that the header `x-fail` names. */
function failingAnywhere(call: (given: never) => unknown): Plugin {
  const hooks = [...OF_REQUEST, ...OF_OPERATION, ...OF_FETCH].map((hook) => {
    const run = (given: { readonly request: PluginRequest }) =>
      given.request.headers.get('x-fail') === hook ? call(given as never) : undefined;
    return [hook, run];
  });
  return { name: 'broken', reads: { headers: ['x-fail'] }, hooks: Object.fromEntries(hooks) };
}

describe.each(Object.entries(FAILURES))('a plugin that %s', (_, [call, logged]) => {
  const plugin = failingAnywhere(call);

  it('fails its request, masked and logged', async () => {
    const { post, get, lines } = await startWorld({ plugins: [{ plugin, timeoutMs: 50 }] });
    for (const hook of [...OF_REQUEST, ...OF_OPERATION]) {
      lines.length = 0;
      const response = await post('{ hello }', { 'x-fail': hook });
      expect([hook, response.status, await response.json()]).toEqual([
        hook,
        500,
        { errors: [{ message: 'A plugin of the gateway failed.', extensions: { code: 'PLUGIN_FAILED' } }] },
      ]);
      expect(lines.filter(({ msg }) => msg === 'plugin failed')).toEqual([
        expect.objectContaining({ level: 'error', plugin: 'broken', hook, requestId: expect.any(String) }),
      ]);
      expect(JSON.stringify(lines)).toMatch(logged);
      const ofEndpoint = await get('/bff/web/hello', { 'x-fail': hook });
      expect([hook, ofEndpoint.status]).toEqual([hook, 500]);
      expect(await ofEndpoint.text()).not.toContain('secret');
    }
    expect(await (await post('{ hello }')).json()).toEqual({ data: { hello: 'hi' } });
  });

  it('fails its fetch, masked and logged', async () => {
    const { post, get, lines } = await startWorld({ plugins: [{ plugin, timeoutMs: 50 }] });
    for (const hook of OF_FETCH) {
      const { data, errors } = await (await post('{ hello }', { 'x-fail': hook })).json();
      expect(data).toEqual({ hello: null });
      expect(errors).toEqual([expect.objectContaining({ path: ['hello'] })]);
      expect(errors[0].extensions).toEqual({ code: 'PLUGIN_FAILED', service: 'shop' });
      expect(JSON.stringify(errors)).not.toContain('secret');
      expect(lines).toContainEqual(expect.objectContaining({ level: 'error', plugin: 'broken', hook }));
      expect((await get('/bff/web/hello', { 'x-fail': hook })).status).toBe(500);
    }
  });

  it('is only logged with on_error: ignore', async () => {
    const { post, lines } = await startWorld({ plugins: [{ plugin, timeoutMs: 50, on_error: 'ignore' }] });
    for (const hook of [...OF_REQUEST, ...OF_OPERATION, ...OF_FETCH]) {
      expect(await (await post('{ hello }', { 'x-fail': hook })).json()).toEqual({ data: { hello: 'hi' } });
      expect(lines).toContainEqual(expect.objectContaining({ level: 'error', hook, msg: 'plugin failed; ignored' }));
    }
  });

  it('fails no request where it sees none, or only observes', async () => {
    const hooks = { onSchemaChange: call, onShutdown: call, onStage: call } as Plugin['hooks'];
    const { post, close, lines } = await startWorld({
      plugins: [{ plugin: { name: 'broken', hooks }, timeoutMs: 50 }],
    });
    expect(await (await post('{ hello }')).json()).toEqual({ data: { hello: 'hi' } });
    await close();
    for (const hook of Object.keys(hooks))
      await expect.poll(() => lines).toContainEqual(expect.objectContaining({ level: 'error', hook }));
  });
});

it('other requests do not notice a plugin that hangs in one', async () => {
  let end = () => {};
  const hangs = new Promise<undefined>((resolve) => {
    end = () => resolve(undefined);
  });
  const { post } = await startWorld({
    plugins: [
      {
        plugin: {
          name: 'slow',
          reads: { headers: ['x-slow'] },
          hooks: { onRequest: ({ request }) => (request.headers.has('x-slow') ? hangs : undefined) },
        },
        timeoutMs: 60_000,
      },
    ],
  });
  const slow = post('{ hello }', { 'x-slow': '1' });
  expect(await (await post('{ hello }')).json()).toEqual({ data: { hello: 'hi' } });
  end();
  expect(await (await slow).json()).toEqual({ data: { hello: 'hi' } });
});

it.each([
  ['data that is a list', ({ payload }: Given) => Object.assign(payload, { data: [] })],
  ['errors that are a text', ({ payload }: Given) => Object.assign(payload, { errors: 'none' })],
  ['no data, and no errors that say why', ({ payload }: Given) => Object.assign(payload, { data: undefined })],
  ['extensions that JSON cannot express', ({ payload }: Given) => Object.assign(payload, { extensions: { size: 1n } })],
])('%s fails the request; ignored, the payload is as before', async (_, call) => {
  const plugin = failing('onPayload', (given: Given) => void call(given));
  const strict = await startWorld({ plugins: [plugin] });
  expect((await strict.post('{ hello }')).status).toBe(500);
  const lenient = await startWorld({ plugins: [{ plugin, on_error: 'ignore' }] });
  expect(await (await lenient.post('{ hello }')).json()).toEqual({ data: { hello: 'hi' } });
});

it.each([
  ['a status that is none', () => ({ status: 99 })],
  ['a header that is none', () => ({ headers: { 'x y': 'z' } })],
  ['an unknown member', () => ({ statusCode: 200 })],
])('a response with %s fails the request', async (_, call) => {
  const { post } = await startWorld({ plugins: [failing('onRequest', call)] });
  expect((await post('{ hello }')).status).toBe(500);
});

it('a status that is none, set in onResponse, fails the request', async () => {
  const { post } = await startWorld({
    plugins: [failing('onResponse', ({ response }: Given) => void Object.assign(response, { status: 7 }))],
  });
  expect((await post('{ hello }')).status).toBe(500);
});
