import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { definePlugin, GatewayError, type Hooks, type Plugin } from '../../src/plugins/plugin.ts';
import { startWorld } from './world.ts';

const plugin = (hooks: Hooks, more: Partial<Plugin> = {}): Plugin =>
  definePlugin({ name: 'test', reads: 'nothing', hooks, ...more });

describe('the hooks of a request', () => {
  it('are called in their order, with what their stages know', async () => {
    const calls: [string, unknown][] = [];
    const note = (hook: string, facts: unknown = undefined) => void calls.push([hook, facts]);
    const { post, close } = await startWorld({
      plugins: [
        plugin({
          onSchemaChange: ({ schema }) => note('onSchemaChange', schema.getQueryType()?.name),
          onRequest: ({ request }) => note('onRequest', [request.method, request.url]),
          onAuthenticate: () => note('onAuthenticate'),
          onParse: ({ query, operationName }) => note('onParse', [query, operationName]),
          onValidate: ({ operation, document }) => note('onValidate', [operation, document.kind]),
          onPlan: ({ plan, variables }) => note('onPlan', [plan.fetches, variables]),
          onExecute: ({ operation }) => note('onExecute', operation.type),
          onFetch: ({ subgraph, operationType }) => note('onFetch', [subgraph, operationType]),
          onTry: ({ subgraph }) => note('onTry', subgraph),
          onFetchResponse: ({ status, response }) => note('onFetchResponse', [status, response.result]),
          onPayload: ({ payload }) => note('onPayload', payload.data),
          onResponse: ({ response, operation }) => note('onResponse', [response.status, operation?.name]),
          onShutdown: () => note('onShutdown'),
        }),
      ],
    });
    const text = 'query Greet($yes: Boolean = true) { hello @include(if: $yes) }';
    expect((await post(text)).status).toBe(200);
    await close();
    expect(calls).toEqual([
      ['onSchemaChange', 'Query'],
      ['onRequest', ['POST', '/graphql']],
      ['onAuthenticate', undefined],
      ['onParse', [text, undefined]],
      ['onValidate', [{ name: 'Greet', type: 'query' }, 'Document']],
      ['onPlan', [[{ subgraph: 'shop' }], { yes: true }]],
      ['onExecute', 'query'],
      ['onFetch', ['shop', 'query']],
      ['onTry', 'shop'],
      ['onFetchResponse', [200, { data: { hello: 'hi' } }]],
      ['onPayload', { hello: 'hi' }],
      ['onResponse', [200, 'Greet']],
      ['onShutdown', undefined],
    ]);
  });

  it('are those of all plugins, in declared order, and share the context of their request', async () => {
    const first = plugin({
      onRequest({ context }) {
        context.set('trail', ['first']);
      },
    });
    const second = plugin({
      async onRequest({ context }) {
        (context.get('trail') as string[]).push('second');
      },
      onResponse({ context, response }) {
        response.headers.set('x-trail', (context.get('trail') as string[]).join());
      },
    });
    const { post, get } = await startWorld({ plugins: [first, second] });
    expect((await post('{ hello }')).headers.get('x-trail')).toBe('first,second');
    expect((await get('/bff/web/hello')).headers.get('x-trail')).toBe('first,second');
  });

  it('get the config of their plugin, as its schema returns it', async () => {
    const { post } = await startWorld({
      plugins: [
        {
          plugin: definePlugin<{ header: string }>({
            name: 'served-by',
            reads: 'nothing',
            configSchema: { parse: (given) => ({ header: `x-${(given as { name: string }).name}` }) },
            hooks: {
              onResponse({ config, response }) {
                response.headers.set(config.header, 'yes');
              },
            },
          }),
          config: { name: 'served' },
        },
      ],
    });
    expect((await post('{ hello }')).headers.get('x-served')).toBe('yes');
  });
});

describe('a hook ends the stage early', () => {
  it('onRequest and onAuthenticate with a response', async () => {
    for (const hook of ['onRequest', 'onAuthenticate'] as const) {
      const { post, subgraph } = await startWorld({
        plugins: [
          plugin({ [hook]: async () => ({ status: 418, headers: { 'x-tea': 'green' }, body: { tea: true } }) }),
        ],
      });
      const response = await post('{ hello }');
      expect(response.status).toBe(418);
      expect(response.headers.get('x-tea')).toBe('green');
      expect(await response.json()).toEqual({ tea: true });
      expect(subgraph.calls).toEqual([]);
    }
  });

  it.each(['onParse', 'onValidate', 'onPlan', 'onExecute'] as const)('%s with a result', async (hook) => {
    const result = () => ({ data: { hello: hook }, extensions: { by: 'plugin' } });
    const { post, get, subgraph } = await startWorld({ plugins: [plugin({ [hook]: result })] });
    const response = await post('{ hello }');
    expect([response.status, await response.json()]).toEqual([200, result()]);
    expect(await (await get('/bff/web/hello')).json()).toEqual({ hello: hook });
    expect(subgraph.calls).toEqual([]);
  });

  it.each(['onFetch', 'onTry'] as const)('%s with a result of the fetch', async (hook) => {
    const { post, subgraph } = await startWorld({ plugins: [plugin({ [hook]: () => ({ data: { hello: 'made' } }) })] });
    expect(await (await post('{ hello }')).json()).toEqual({ data: { hello: 'made' } });
    expect(subgraph.calls).toEqual([]);
  });

  it('onFetchResponse and onResponse with something else', async () => {
    const { post } = await startWorld({
      plugins: [
        plugin({
          onFetchResponse: ({ response }) => ({ data: { hello: `${response.result?.data?.hello}!` } }),
          onResponse: ({ response }) => (response.status === 200 ? undefined : { status: 503, body: 'closed' }),
        }),
      ],
    });
    expect(await (await post('{ hello }')).json()).toEqual({ data: { hello: 'hi!' } });
    const other = await fetch(
      (await startWorld({ plugins: [plugin({ onResponse: () => ({ status: 503, body: 'closed' }) })] })).url,
    );
    expect([other.status, await other.text()]).toEqual([503, 'closed']);
  });

  it.each([
    'onRequest',
    'onAuthenticate',
    'onParse',
    'onValidate',
    'onPlan',
    'onExecute',
    'onPayload',
    'onResponse',
  ] as const)('%s with a GatewayError', async (hook) => {
    const refuse = () => {
      throw new GatewayError(403, 'CLOSED', 'The shop is closed.', { headers: { 'x-open': 'tomorrow' } });
    };
    const { post, get } = await startWorld({ plugins: [plugin({ [hook]: refuse })] });
    const response = await post('{ hello }');
    expect([response.status, response.headers.get('x-open')]).toEqual([403, 'tomorrow']);
    expect(await response.json()).toEqual({
      errors: [{ message: 'The shop is closed.', extensions: { code: 'CLOSED' } }],
    });
    expect((await get('/bff/web/hello')).status).toBe(403);
  });

  it('a GatewayError of a fetch is the error at its path', async () => {
    const refuse = async () => {
      throw new GatewayError(403, 'CLOSED', 'The shop is closed.');
    };
    for (const hook of ['onFetch', 'onTry', 'onFetchResponse']) {
      const { post } = await startWorld({ plugins: [plugin({ [hook]: refuse })] });
      const { data, errors } = await (await post('{ hello }')).json();
      expect(data).toEqual({ hello: null });
      expect(errors).toEqual([
        {
          message: 'The request to "shop" was not completed: The shop is closed.',
          path: ['hello'],
          extensions: { code: 'CLOSED', service: 'shop' },
        },
      ]);
    }
  });
});

describe('a hook changes', () => {
  it('headers of the request, which header rules then pass on', async () => {
    const { post, subgraph } = await startWorld({
      config: { headers: { all: { request: [{ propagate: { named: 'x-tenant' } }] } } },
      plugins: [
        plugin({
          onRequest({ request }) {
            request.headers.set('X-Tenant', 'acme');
          },
        }),
      ],
    });
    await post('{ hello }', { 'x-tenant': 'forged' });
    expect(subgraph.calls[0]?.headers['x-tenant']).toBe('acme');
  });

  it('who the client is', async () => {
    const { post, subgraph } = await startWorld({
      config: { headers: { all: { request: [{ insert: { name: 'x-user', from_context: 'subject' } }] } } },
      plugins: [
        plugin({
          onAuthenticate({ setIdentity }) {
            setIdentity({ subject: 'ada', scopes: ['read'] });
          },
        }),
      ],
    });
    await post('{ hello }');
    expect(subgraph.calls[0]?.headers['x-user']).toBe('ada');
  });

  it('headers of a fetch and of a try, but not those of the message', async () => {
    const { post, subgraph } = await startWorld({
      plugins: [
        plugin({
          onFetch({ headers }) {
            headers.set('x-signature', 'abc');
            headers.set('content-length', '1');
          },
          async onTry({ headers }) {
            headers.set('x-try', '1');
          },
        }),
      ],
    });
    expect(await (await post('{ hello }')).json()).toEqual({ data: { hello: 'hi' } });
    expect(subgraph.calls[0]?.headers).toMatchObject({ 'x-signature': 'abc', 'x-try': '1' });
  });

  it('data, errors and extensions of a payload, at /graphql and at endpoints', async () => {
    const { post, get } = await startWorld({
      plugins: [
        plugin({
          onPayload({ payload }) {
            payload.extensions = { ...payload.extensions, seen: true };
            const user = payload.data?.user as { email?: string } | undefined;
            if (user?.email) user.email = '***';
          },
        }),
      ],
    });
    expect(await (await post('{ user { name email } }')).json()).toEqual({
      data: { user: { name: 'Ada', email: '***' } },
      extensions: { seen: true },
    });
    expect(await (await get('/bff/web/user')).json()).toMatchObject({ user: { name: 'Ada', email: '***' } });
  });

  it('status and headers of the response, cookies included, also of a refusal', async () => {
    const { post } = await startWorld({
      plugins: [
        plugin({
          async onResponse({ response }) {
            response.headers.append('set-cookie', 'a=1');
            response.headers.append('set-cookie', 'b=2');
            response.headers.delete('x-request-id');
            response.status = response.status === 200 ? 299 : response.status;
          },
        }),
      ],
    });
    const response = await post('{ hello }');
    expect([response.status, response.headers.getSetCookie(), response.headers.has('x-request-id')]).toEqual([
      299,
      ['a=1', 'b=2'],
      false,
    ]);
    expect(await response.json()).toEqual({ data: { hello: 'hi' } });
    const refused = await fetch(response.url.replace('graphql', 'nothing'));
    expect([refused.status, refused.headers.getSetCookie()]).toEqual([404, ['a=1', 'b=2']]);
  });
});

/** A plugin that writes down the start of each stage, `parse`, and its end, `/parse`. */
const watcher = (seen: string[]): Plugin =>
  plugin({
    onStage({ stage, subgraph }) {
      seen.push(`${stage}${subgraph ? ` ${subgraph}` : ''}`);
      return ({ error }) => void seen.push(`/${stage}${error ? ' failed' : ''}`);
    },
  });
const starts = (seen: readonly string[]) => seen.filter((one) => !one.startsWith('/'));

it('onStage sees start and end of each stage', async () => {
  const seen: string[] = [];
  const { post } = await startWorld({ plugins: [watcher(seen)] });
  await (await post('{ hello }')).text();
  await expect.poll(() => seen.at(-1)).toBe('/request');
  const ofDocument = ['parse', 'limits', 'validate', 'variables', 'normalize', 'plan'];
  const started = ['request', ...ofDocument, 'execute', 'fetch shop', 'try shop', 'cache policy'];
  expect(starts(seen)).toEqual(started);
  const ended = seen.filter((one) => one.startsWith('/'));
  expect(ended.sort()).toEqual(started.map((name) => `/${name.replace(' shop', '')}`).sort());
});

it('onStage sees what only some requests need: authentication, persisted documents, masked errors', async () => {
  const seen: string[] = [];
  const { url } = await startWorld({
    plugins: [watcher(seen)],
    config: {
      apq: { enabled: true },
      authentication: { router: { jwt: { jwks: [{ secret: 'x'.repeat(32), algorithms: ['HS256'] }] } } },
    },
    data: () => ({ hello: { not: 'a text' } }),
  });
  const send = (body: object, headers = {}) =>
    fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  const query = '{ hello }';
  const sha256Hash = createHash('sha256').update(query).digest('hex');
  await (await send({ query, extensions: { persistedQuery: { version: 1, sha256Hash } } })).text();
  expect(starts(seen).slice(0, 3)).toEqual(['request', 'authentication', 'persisted document']);
  expect(seen).toEqual(
    expect.arrayContaining(['/authentication', '/persisted document', 'mask errors', '/mask errors']),
  );
  seen.length = 0;
  expect((await send({ query }, { authorization: 'Bearer nonsense' })).status).toBe(401);
  expect(seen.slice(0, 3)).toEqual(['request', 'authentication', '/authentication failed']);
});

it('health checks do not wait for plugins', async () => {
  const { origin } = await startWorld({ plugins: [plugin({ onRequest: () => new Promise(() => {}) })] });
  expect((await fetch(`${origin}/health`)).status).toBe(200);
});
