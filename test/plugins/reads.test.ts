import { describe, expect, it } from 'vitest';
import { NOTHING, UNDECLARED } from '../../src/client/depends-on.ts';
import type { Plugin } from '../../src/plugins/plugin.ts';
import { problemOfReads, readsOfPlugins } from '../../src/plugins/plugin-reads.ts';
import { startWorld, type World } from './world.ts';

/** A plugin that tells the subgraph which user sent the request. */
const named = (reads: Plugin['reads']): Plugin => ({
  name: 'user',
  reads,
  hooks: {
    onFetch({ request, headers }) {
      headers.set('x-user', request.headers.get('x-caller') ?? 'nobody');
    },
  },
});

/** A gateway whose subgraph greets the user that a plugin names. */
const greeting = (reads: Plugin['reads']): Promise<World> =>
  startWorld({
    plugins: [named(reads)],
    data: (headers) => ({ hello: `hello ${headers['x-user']}`, order: `for ${headers['x-user']}` }),
  });

describe.each([
  ['that declares the header', { headers: ['X-Caller'] }],
  ['that declares nothing', undefined],
])('two users and a plugin %s', (_, reads) => {
  it('get their own responses at the same time', async () => {
    const { post, get } = await greeting(reads);
    const users = Array.from({ length: 20 }, (_, i) => (i % 2 ? 'ada' : 'bob'));
    const responses = await Promise.all(users.map((user) => post('{ hello }', { 'x-caller': user })));
    expect(await Promise.all(responses.map((one) => one.json()))).toEqual(
      users.map((user) => ({ data: { hello: `hello ${user}` } })),
    );
    const ofEndpoint = await Promise.all(users.map((user) => get('/bff/web/hello', { 'x-caller': user })));
    expect(await Promise.all(ofEndpoint.map((one) => one.json()))).toEqual(
      users.map((user) => ({ hello: `hello ${user}` })),
    );
  });

  it('get their own responses one after the other, from caches and for repeated keys', async () => {
    const { get, origin } = await greeting(reads);
    const order = (user: string) =>
      fetch(`${origin}/bff/web/orders`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': '"k1"', 'x-caller': user },
        body: '{}',
      }).then((response) => response.json());
    for (const user of ['ada', 'bob', 'ada']) {
      expect(await (await get('/bff/web/cached', { 'x-caller': user })).json()).toEqual({ hello: `hello ${user}` });
      expect(await order(user)).toEqual({ order: `for ${user}` });
    }
  });
});

it('a plugin that declares what it reads leaves caches on; one that does not switches them off', async () => {
  const declared = await greeting({ headers: ['x-caller'] });
  for (const user of ['ada', 'ada', 'bob']) await declared.get('/bff/web/cached', { 'x-caller': user });
  expect(declared.subgraph.calls).toHaveLength(2);
  const undeclared = await greeting(undefined);
  for (const user of ['ada', 'ada', 'bob']) await undeclared.get('/bff/web/cached', { 'x-caller': user });
  expect(undeclared.subgraph.calls).toHaveLength(3);
});

it('a plugin that reads what it does not declare fails', async () => {
  const { post, lines } = await greeting('nothing');
  const { errors } = await (await post('{ hello }')).json();
  expect(errors[0].extensions.code).toBe('PLUGIN_FAILED');
  expect(JSON.stringify(lines)).toContain("Add { headers: ['x-caller'] } to it.");
  for (const [read, missing] of [
    ['ip', 'address: true'],
    ['identity', 'claims: true'],
  ] as const) {
    const world = await startWorld({
      plugins: [{ name: 'reader', reads: {}, hooks: { onRequest: ({ request }) => void request[read] } }],
    });
    expect((await world.post('{ hello }')).status).toBe(500);
    expect(JSON.stringify(world.lines)).toContain(missing);
  }
});

it('only hooks that see requests count', () => {
  const observer: Plugin = { name: 'observer', hooks: { onSchemaChange() {}, onShutdown() {}, onStage() {} } };
  expect(readsOfPlugins([observer])).toBe(NOTHING);
  expect(readsOfPlugins([observer, { name: 'any', hooks: { onRequest() {} } }])).toEqual(UNDECLARED);
  const two = [
    { name: 'a', reads: { headers: ['A'], cookies: true }, hooks: { onParse() {} } },
    { name: 'b', reads: { claims: true, address: true }, hooks: { onParse() {} } },
  ];
  expect(readsOfPlugins(two)).toMatchObject({ headers: new Set(['a', 'cookie']), identity: true, address: true });
});

it.each([
  ['everything', "expected 'nothing' or an object such as { headers: ['x-tenant'], claims: true }"],
  [{ header: ['a'] }, 'unknown key "header"'],
  [{ headers: 'a' }, '"headers" must be a list of names of headers'],
  [{ cookies: 'a' }, '"cookies" must be true or false'],
])('a declaration is checked: %o', (declared, problem) => {
  expect(problemOfReads(declared)).toBe(problem);
});
