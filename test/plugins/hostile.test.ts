import { describe, expect, it } from 'vitest';
import type { Identity, Plugin, PluginRequest } from '../../src/plugins/plugin.ts';
import {
  ANYWHERE,
  expectFailedFetches,
  expectFailedRequests,
  FAILED,
  hostile,
  OF_OPERATION,
  OF_REQUEST,
  RESPONSES,
  RESULTS,
} from './hostile-plugins.ts';
import { startWorld } from './world.ts';

/** One of each kind; `hostile.long.test.ts` has all of them. */
const THROWS = ANYWHERE['throws a proxy with traps'] as () => unknown;
const RETURNS = RESULTS.circles as () => unknown;
const RESPONDS = RESPONSES['the status 1000'] as () => unknown;

describe.each([
  ['throws a proxy with traps', THROWS, [...OF_REQUEST, ...OF_OPERATION]],
  ['returns circles', RETURNS, OF_OPERATION],
  ['returns a response with the status 1000', RESPONDS, OF_REQUEST],
] as const)('a plugin that %s', (_, call, hooks) => {
  it('fails its request and nothing else, or is ignored', () => expectFailedRequests(call, hooks));
});

it('a plugin of fetches that throws a proxy with traps fails its fetch and nothing else', () =>
  expectFailedFetches(THROWS));

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
