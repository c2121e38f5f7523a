import { expect } from 'vitest';
import type { Plugin, PluginRequest } from '../../src/plugins/plugin.ts';
import { GatewayError } from '../../src/shared/gateway-error.ts';
import { startWorld } from './world.ts';

export const OF_OPERATION = ['onParse', 'onValidate', 'onPlan', 'onExecute'] as const;
export const OF_REQUEST = ['onRequest', 'onAuthenticate', 'onResponse'] as const;
export const OF_FETCH = ['onFetch', 'onFetchResponse', 'onTry'] as const;

const throwing = (error: unknown) => () => {
  throw error;
};
const trap = () => {
  throw new Error('a trap');
};
const trapped = (target: object) => new Proxy(target, { get: trap, getPrototypeOf: trap, ownKeys: trap, has: trap });
const withGetter = (target: object, name: string) =>
  Object.defineProperty(target, name, { get: trap, enumerable: true });
const circular: Record<string, unknown> = {};
circular.self = circular;
const gatewayError = (...[status, code, options]: [never, never, object?]) =>
  new GatewayError(status, code, 'no', options as never);

/** What a hook may do in any place. */
export const ANYWHERE: Readonly<Record<string, () => unknown>> = {
  'throws a symbol': throwing(Symbol('a')),
  'throws nothing': throwing(undefined),
  'throws null': throwing(null),
  'throws a proxy with traps': throwing(trapped({})),
  'throws a proxy of an error': throwing(trapped(new Error('a'))),
  'throws an error whose message is a trap': throwing(withGetter(new Error('a'), 'message')),
  'throws an error whose name is a trap': throwing(withGetter(new Error('a'), 'name')),
  'throws an error that causes itself': () => {
    const error = new Error('a');
    error.cause = error;
    throw error;
  },
  'refuses with the status 99': throwing(gatewayError(99 as never, 'A' as never)),
  'refuses with the status 1000': throwing(gatewayError(1000 as never, 'A' as never)),
  'refuses with a code that is an object': throwing(gatewayError(400 as never, {} as never)),
  'refuses with a header that has a line break': throwing(
    gatewayError(400 as never, 'A' as never, { headers: { a: 'b\nc: d' } }),
  ),
  'refuses with a header of control characters': throwing(
    gatewayError(400 as never, 'A' as never, { headers: { a: '\u0001' } }),
  ),
  'rejects with a proxy': () => Promise.reject(trapped({})),
  'returns a proxy with traps': () => trapped({}),
  'returns a promise of a proxy': async () => ({ data: trapped({}) }),
  // biome-ignore lint/suspicious/noThenProperty: it is the attack
  'returns a thenable that throws': () => ({ then: trap }),
  'returns a thenable that settles twice': () => ({
    // biome-ignore lint/suspicious/noThenProperty: it is the attack
    then(resolve: (value: unknown) => void, reject: (error: unknown) => void) {
      reject(new Error('first'));
      resolve({ data: {} });
    },
  }),
  'returns a symbol': () => Symbol('a'),
  'returns a huge number': () => 1n,
  'returns a list': () => [],
  'returns a function': () => () => {},
};

/** What it may return where results are expected. */
export const RESULTS: Readonly<Record<string, () => unknown>> = {
  'numbers that JSON does not have': () => ({ data: { hello: 1n } }),
  'numbers that JSON does not have, later': async () => ({ data: { hello: 1n } }),
  circles: async () => ({ data: circular }),
  'a getter that throws': async () => ({ data: withGetter({}, 'hello') }),
  'data that becomes a text': async () => ({ data: { toJSON: () => 'text' } }),
  'errors that become numbers': async () => ({ errors: [{ message: 'a', toJSON: () => 7 }] }),
  'extensions of an error in circles': async () => ({ errors: [{ message: 'a', extensions: circular }] }),
  'extensions that are a text': async () => ({ data: {}, extensions: 'none' }),
};

/** What it may return where a response is expected. */
export const RESPONSES: Readonly<Record<string, () => unknown>> = {
  'the status 1000': () => ({ status: 1000 }),
  'a status that is a text': () => ({ status: '200' }),
  'headers of control characters': async () => ({ headers: { a: '\u0007' } }),
  'headers that are a text': () => ({ headers: 'a: b' }),
  'a body that JSON does not have': async () => ({ body: { size: 1n } }),
  'a body in circles': async () => ({ body: circular }),
};

export const FAILED = {
  errors: [{ message: 'A plugin of the gateway failed.', extensions: { code: 'PLUGIN_FAILED' } }],
};

/** Starts a gateway with a plugin that does something in the hook that a header names. */
export async function hostile(call: (given: never) => unknown, on_error: 'fail' | 'ignore' = 'fail') {
  const hooks = [...OF_REQUEST, ...OF_OPERATION, ...OF_FETCH, 'onPayload'].map((hook) => {
    const run = (given: { readonly request: PluginRequest }) =>
      given.request.headers.get('x-hook') === hook ? call(given as never) : undefined;
    return [hook, run];
  });
  const plugin: Plugin = { name: 'hostile', reads: { headers: ['x-hook'] }, hooks: Object.fromEntries(hooks) };
  const world = await startWorld({ plugins: [{ plugin, on_error, timeoutMs: 1_000 }] });
  const send = async (hook: string) => {
    const response = await world.post('{ hello }', { 'x-hook': hook });
    return [hook, response.status, await response.json()];
  };
  return { ...world, send };
}

/** Checks that what a plugin does in these hooks fails its request and nothing else, or is ignored. */
export async function expectFailedRequests(call: () => unknown, hooks: readonly string[]): Promise<void> {
  const strict = await hostile(call);
  for (const hook of hooks) expect(await strict.send(hook)).toEqual([hook, 500, FAILED]);
  expect(strict.lines.filter(({ msg }) => msg === 'plugin failed')).toHaveLength(hooks.length);
  expect(await strict.send('none')).toEqual(['none', 200, { data: { hello: 'hi' } }]);
  const lenient = await hostile(call, 'ignore');
  for (const hook of hooks) expect((await lenient.send(hook)).slice(1)).toEqual([200, { data: { hello: 'hi' } }]);
}

/** Checks that what a plugin does in the hooks of fetches fails its fetch and nothing else. */
export async function expectFailedFetches(call: () => unknown): Promise<void> {
  const { send } = await hostile(call);
  for (const hook of OF_FETCH) {
    const [, status, { data, errors }] = (await send(hook)) as [string, number, never];
    expect([hook, status, data]).toEqual([hook, 200, { hello: null }]);
    expect((errors as { extensions: object }[])[0]?.extensions).toMatchObject({ code: 'PLUGIN_FAILED' });
  }
  expect(await send('none')).toEqual(['none', 200, { data: { hello: 'hi' } }]);
}
