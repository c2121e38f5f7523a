import { describe, expect, it } from 'vitest';
import type { Identity, Plugin, PluginRequest } from '../../src/plugins/plugin.ts';
import { GatewayError } from '../../src/shared/gateway-error.ts';
import { startWorld } from './world.ts';

const OF_OPERATION = ['onParse', 'onValidate', 'onPlan', 'onExecute'] as const;
const OF_REQUEST = ['onRequest', 'onAuthenticate', 'onResponse'] as const;
const OF_FETCH = ['onFetch', 'onFetchResponse', 'onTry'] as const;

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
const ANYWHERE: Readonly<Record<string, () => unknown>> = {
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
const RESULTS: Readonly<Record<string, () => unknown>> = {
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
const RESPONSES: Readonly<Record<string, () => unknown>> = {
  'the status 1000': () => ({ status: 1000 }),
  'a status that is a text': () => ({ status: '200' }),
  'headers of control characters': async () => ({ headers: { a: '\u0007' } }),
  'headers that are a text': () => ({ headers: 'a: b' }),
  'a body that JSON does not have': async () => ({ body: { size: 1n } }),
  'a body in circles': async () => ({ body: circular }),
};

const FAILED = { errors: [{ message: 'A plugin of the gateway failed.', extensions: { code: 'PLUGIN_FAILED' } }] };

/** Starts a gateway with a plugin that does something in the hook that a header names. */
async function hostile(call: (given: never) => unknown, on_error: 'fail' | 'ignore' = 'fail') {
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

describe.each([
  ...Object.entries(ANYWHERE).map(([name, call]) => [name, call, [...OF_REQUEST, ...OF_OPERATION]] as const),
  ...Object.entries(RESULTS).map(([name, call]) => [`returns ${name}`, call, OF_OPERATION] as const),
  ...Object.entries(RESPONSES).map(([name, call]) => [`returns a response with ${name}`, call, OF_REQUEST] as const),
])('a plugin that %s', (_, call, hooks) => {
  it('fails its request and nothing else, or is ignored', async () => {
    const strict = await hostile(call);
    for (const hook of hooks) expect(await strict.send(hook)).toEqual([hook, 500, FAILED]);
    expect(strict.lines.filter(({ msg }) => msg === 'plugin failed')).toHaveLength(hooks.length);
    expect(await strict.send('none')).toEqual(['none', 200, { data: { hello: 'hi' } }]);
    const lenient = await hostile(call, 'ignore');
    for (const hook of hooks) expect((await lenient.send(hook)).slice(1)).toEqual([200, { data: { hello: 'hi' } }]);
  });
});

describe.each(Object.entries({ ...ANYWHERE, ...RESULTS }))('a plugin of fetches that %s', (_, call) => {
  it('fails its fetch and nothing else', async () => {
    const { send } = await hostile(call);
    for (const hook of OF_FETCH) {
      const [, status, { data, errors }] = (await send(hook)) as [string, number, never];
      expect([hook, status, data]).toEqual([hook, 200, { hello: null }]);
      expect((errors as { extensions: object }[])[0]?.extensions).toMatchObject({ code: 'PLUGIN_FAILED' });
    }
    expect(await send('none')).toEqual(['none', 200, { data: { hello: 'hi' } }]);
  });
});

describe('a plugin that changes what it got', () => {
  it.each([
    [
      'headers of a fetch that cannot be sent',
      'onFetch',
      ({ headers }: never) => (headers as Headers).set('a', '\u0001'),
    ],
    ['headers of a try that cannot be sent', 'onTry', ({ headers }: never) => (headers as Headers).set('a', '\u0001')],
  ])('to %s fails the fetch, which is no outage of the subgraph', async (_, hook, call) => {
    const { send, lines, subgraph } = await hostile((given) => void call(given));
    const [, , { errors }] = (await send(hook)) as [string, number, { errors: { extensions: object }[] }];
    expect(errors[0]?.extensions).toMatchObject({ code: 'PLUGIN_FAILED' });
    expect(subgraph.calls).toHaveLength(0);
    expect(lines.map(({ msg }) => msg)).not.toContain('subgraph failing');
  });

  it.each([
    ['headers that cannot be sent', ({ response }: never) => (response as Response).headers.set('a', '\u0001')],
    ['a status that is none', ({ response }: never) => Object.assign(response, { status: 1000 })],
    ['headers that are none', ({ response }: never) => Object.assign(response, { headers: 'none' })],
  ])('to a response with %s fails the request, or is taken back', async (_, call) => {
    const strict = await hostile((given) => void call(given));
    expect(await strict.send('onResponse')).toEqual(['onResponse', 500, FAILED]);
    const lenient = await hostile((given) => void call(given), 'ignore');
    expect(await lenient.send('onResponse')).toEqual(['onResponse', 200, { data: { hello: 'hi' } }]);
  });

  it('to errors in place changes the response, and to errors that cannot be sent fails it', async () => {
    const adding =
      (error: unknown) =>
      ({ payload }: never) =>
        void (payload as { errors: unknown[] }).errors.push(error);
    const { send } = await hostile(adding({ message: 'added' }));
    expect((await send('onPayload')).slice(1)).toEqual([
      200,
      { data: { hello: 'hi' }, errors: [{ message: 'added' }] },
    ]);
    const strict = await hostile(adding({ message: 'a', extensions: { size: 1n } }));
    expect(await strict.send('onPayload')).toEqual(['onPayload', 500, FAILED]);
  });

  it.each([
    ['no object', null],
    ['scopes that are a text', { subject: 'a', scopes: 'admin' }],
    ['scopes that are numbers', { subject: 'a', scopes: [1] }],
    ['a subject that is a number', { subject: 1 }],
    ['claims that are a list', { subject: 'a', claims: [] }],
    ['an unknown kind', { subject: 'a', kind: 'root' }],
  ])('to an identity with %s fails the request', async (_, identity) => {
    const { send } = await hostile(({ setIdentity }: { setIdentity(given: Identity): void }) =>
      setIdentity(identity as never),
    );
    expect(await send('onAuthenticate')).toEqual(['onAuthenticate', 500, FAILED]);
  });

  it.each([204, 304])('to the status %d sends no body', async (status) => {
    const assigned = await hostile(({ response }: { response: object }) => void Object.assign(response, { status }));
    const returned = await hostile(() => ({ status, body: 'not for this status' }));
    for (const [world, hook] of [
      [assigned, 'onResponse'],
      [returned, 'onRequest'],
    ] as const) {
      const response = await world.post('{ hello }', { 'x-hook': hook });
      expect([hook, response.status, await response.text()]).toEqual([hook, status, '']);
      // the connection is still good
      expect((await world.post('{ hello }')).status).toBe(200);
    }
  });
});

it('what a plugin does after its request has ended reaches no other request', async () => {
  const late: (() => void)[] = [];
  const { post } = await startWorld({
    plugins: [
      {
        name: 'late',
        hooks: {
          onRequest({ request, context }) {
            late.push(
              () => request.headers.set('x-a', 'late'),
              () => request.setBody('{"query":"{ secret }"}'),
              () => context.set('a', 'late'),
            );
          },
          onAuthenticate: ({ setIdentity }) => void late.push(() => setIdentity({ subject: 'late' })),
          onParse: ({ setOperation }) => void late.push(() => setOperation({ query: '{ secret }' })),
          onFetch: ({ headers, setBody, removeForwarded }) =>
            void late.push(
              () => headers.set('x-a', 'late'),
              () => setBody('{}'),
              () => removeForwarded('x-a'),
            ),
          onPayload: ({ payload }) =>
            void late.push(() => Object.assign(payload, { data: {}, errors: [{ message: 'late' }], status: 500 })),
          onResponse: ({ response, context }) => {
            response.headers.set('x-context', String(context.get('a')));
            late.push(() => Object.assign(response, { status: 500 }));
          },
        },
      },
    ],
  });
  for (let i = 0; i < 3; i++) {
    const response = await post('{ hello }');
    expect([response.status, response.headers.get('x-context')]).toEqual([200, 'undefined']);
    expect(await response.json()).toEqual({ data: { hello: 'hi' } });
    for (const call of late.splice(0)) {
      try {
        call();
      } catch {
        // what comes too late may be refused
      }
    }
  }
});

it('hooks that are methods of a class count, so that nothing is shared without "reads"', async () => {
  class Greeting {
    onFetch({ request, headers }: { request: PluginRequest; headers: Headers }) {
      headers.set('x-user', request.headers.get('x-caller') ?? 'nobody');
    }
  }
  const { get } = await startWorld({
    plugins: [{ name: 'class', hooks: new Greeting() }],
    data: (headers) => ({ hello: `hello ${headers['x-user']}` }),
  });
  for (const user of ['ada', 'bob'])
    expect(await (await get('/bff/web/cached', { 'x-caller': user })).json()).toEqual({ hello: `hello ${user}` });
});

it('headers of a request have no members of objects', async () => {
  const { post } = await startWorld({
    plugins: [
      {
        name: 'reader',
        hooks: {
          onResponse({ request, response }) {
            response.headers.set(
              'x-found',
              `${request.headers.has('constructor')} ${request.headers.get('__proto__')}`,
            );
          },
        },
      },
    ],
  });
  expect((await post('{ hello }')).headers.get('x-found')).toBe('false null');
});

it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, '5s'])(
  'a time limit of %s is refused',
  async (timeoutMs) => {
    const plugin: Plugin = { name: 'any', hooks: {} };
    await expect(startWorld({ plugins: [{ plugin, timeoutMs: timeoutMs as number }] })).rejects.toThrow(
      'plugins[0].timeoutMs: expected milliseconds',
    );
  },
);
