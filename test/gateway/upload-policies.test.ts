import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import type { GatewayOptions } from '../../src/index.ts';
import { gatewayWithPlugins } from '../plugins/world.ts';
import { bodyOf, fakeSubgraph } from '../sources/fake-subgraph.ts';
import { gatewayOver } from '../sources/stitched/gateway.ts';
import { admin, TOKEN } from './admin-client.ts';
import { HEADERS, keptAlive, multipart, openUpload, storingSubgraph, upload, uploadWorld } from './upload-world.ts';

const STORE = 'mutation Store($file: Upload!, $title: String) { store(file: $file, title: $title) { size title } }';
const one = (operations: object = { query: STORE, variables: { file: null } }) => ({
  operations: { variables: { file: null }, ...operations },
  map: { 0: ['variables.file'] },
});
const small = { name: '0', content: 'small' };
const STORED = { data: { store: { size: 5, title: null } } };

/** Sends a part of the file only, and returns the answer. */
async function answerBeforeEnd(url: string, operations?: object, headers: Record<string, string> = HEADERS) {
  const whole = multipart({ ...one(operations), files: [{ name: '0', content: Buffer.alloc(3_000_000) }] });
  const { answer, write, req } = openUpload(url, headers);
  await write(whole.subarray(0, 400_000));
  const { status, body } = await answer;
  req.destroy();
  return { status, code: body.errors[0].extensions.code };
}

/** A gateway with plugins before the subgraph that stores files. */
async function withPlugins(
  plugins: GatewayOptions['plugins'],
  config: GatewayOptions['config'] = {},
  yoga: object[] = [],
) {
  const { sdl, listener } = storingSubgraph();
  const bodies: string[] = [];
  const { url } = await fakeSubgraph((req, res) => {
    bodies.push(String(req.headers['x-added']));
    listener(req, res);
  });
  const files = { files: `extend schema @subgraph(url: "${url}")\n${sdl}` };
  return {
    ...(await gatewayWithPlugins(files, plugins, { file_upload: { enabled: true }, ...config }, yoga)),
    added: bodies,
  };
}

/** A gateway with a plugin of Yoga before the same subgraph. */
async function withYoga(plugin: object) {
  return withPlugins([], {}, [plugin]);
}

describe('an operation with files is refused before its files have arrived', () => {
  const enforce = { enabled: true, mode: 'enforce', strategy: { static_estimated: { max: 1 } } };
  const safelist = { enabled: true, safelist: { enabled: true } };

  it.each([
    ['by its cost', { demand_control: enforce }, 'COST_ESTIMATED_TOO_EXPENSIVE'],
    ['by a limit', { limits: { max_root_fields: 2 } }, 'MAX_ROOT_FIELDS_LIMIT'],
    ['by the rules of persisted documents', { persisted_queries: safelist }, 'PERSISTED_QUERY_NOT_IN_LIST'],
  ])('%s', async (_, config, code) => {
    const { url, calls } = await uploadWorld(config);
    const query = 'mutation ($file: Upload!) { a: store(file: $file) { size } b: storeMaybe c: storeMaybe }';
    expect(await answerBeforeEnd(url, { query })).toEqual({ status: 400, code });
    expect(calls).toEqual({ files: 0, notes: 0 });
  });

  it('by a rate limit', async () => {
    const { url, calls } = await uploadWorld({ rate_limits: { requests: [{ limit: 1, window: '1h' }] } });
    expect((await upload(url, { ...one(), files: [small] })).body).toEqual(STORED);
    expect(await answerBeforeEnd(url)).toEqual({ status: 429, code: 'RATE_LIMITED' });
    expect(calls.files).toBe(1);
  });

  it('by authentication', async () => {
    const { url, calls } = await uploadWorld({
      authentication: {
        require_authentication: true,
        router: { jwt: { jwks: [{ secret: 's'.repeat(32), issuer: 'me' }] } },
      },
    });
    expect(await answerBeforeEnd(url)).toEqual({ status: 401, code: 'UNAUTHENTICATED' });
    expect(calls.files).toBe(0);
  });

  it('by a plugin', async () => {
    const { url } = await withPlugins([
      {
        name: 'no uploads',
        hooks: { onParse: () => ({ data: undefined, errors: [{ message: 'no', extensions: { code: 'NO' } }] }) },
      },
    ]);
    expect(await answerBeforeEnd(url)).toMatchObject({ code: 'NO' });
  });
});

describe('a field with a file that the client may not have', () => {
  const SECRET = 's'.repeat(32);
  const jwks = [{ secret: SECRET, issuer: 'me' }];
  const AUTH = { authentication: { router: { jwt: { jwks } } } };

  /** A gateway whose field `store` has a directive, and the bodies that its subgraph has got. */
  async function guarded(directive: string, config: object = {}) {
    const { sdl, listener } = storingSubgraph();
    let [calls, bytes] = [0, 0];
    const { url } = await fakeSubgraph((req, res) => {
      calls += 1;
      req.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      listener(req, res);
    });
    const link =
      '@link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@authenticated", "@requiresScopes"])';
    const fields = sdl.replace('title: String): Stored', `title: String): Stored ${directive}`);
    const file = `extend schema @subgraph(url: "${url}") ${link}\n${fields}`;
    const gateway = await gatewayOver({ files: file }, { file_upload: { enabled: true }, ...AUTH, ...config });
    return { url: gateway.url, called: () => ({ calls, bytes }) };
  }

  const tokenOf = (claims: object) =>
    new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject('ann')
      .setIssuer('me')
      .setExpirationTime('1h')
      .sign(new TextEncoder().encode(SECRET));

  const large = { ...one(), files: [{ name: '0', content: Buffer.alloc(3_000_000) }] };

  it.each([
    ['@authenticated', {}],
    ['@requiresScopes(scopes: [["write"]])', { authorization: 'read' }],
  ])('%s: it is null, nothing is sent to the subgraph, and the connection can be used again', async (directive, by) => {
    const { url, called } = await guarded(directive);
    const headers: Record<string, string> = { ...HEADERS };
    if ('authorization' in by) headers.authorization = `Bearer ${await tokenOf({ scope: by.authorization })}`;
    const agent = keptAlive();
    for (let at = 0; at < 3; at++) {
      const { answer, req } = openUpload(url, headers, agent);
      req.end(multipart(large));
      const { status, body } = await answer;
      expect([status, body.data]).toEqual([200, { store: null }]);
      expect(body.errors[0].extensions.code).toBe('UNAUTHORIZED_FIELD_OR_TYPE');
      expect(req.reusedSocket).toBe(at > 0);
      if (!req.destroyed) await once(req, 'close');
    }
    expect(called()).toEqual({ calls: 0, bytes: 0 });
  });

  it('the client gets the answer before it has sent the file', async () => {
    const { url, called } = await guarded('@authenticated');
    const { answer, write, req } = openUpload(url);
    await write(multipart(large).subarray(0, 400_000));
    expect((await answer).body.data).toEqual({ store: null });
    req.destroy();
    expect(called().calls).toBe(0);
  });

  it('with the right scope, the subgraph gets it', async () => {
    const { url } = await guarded('@requiresScopes(scopes: [["write"]])');
    const authorization = `Bearer ${await tokenOf({ scope: 'read write' })}`;
    const { body } = await upload(url, { ...one(), files: [small] }, { ...HEADERS, authorization });
    expect(body).toEqual(STORED);
  });

  it('@rateLimit: over the limit, it is null, and the subgraph gets nothing more', async () => {
    const { url, called } = await guarded('@rateLimit(limit: 1, window: "1h")');
    expect((await upload(url, { ...one(), files: [small] })).body).toEqual(STORED);
    const { calls, bytes } = called();
    const { status, body } = await upload(url, large);
    expect([status, body.data, body.errors[0].extensions.code]).toEqual([200, { store: null }, 'RATE_LIMITED']);
    expect(called()).toEqual({ calls, bytes });
  });
});

describe('persisted documents', () => {
  it('take files', async () => {
    const hash = createHash('sha256').update(STORE).digest('hex');
    const { url } = await uploadWorld({ apq: { enabled: true } });
    const extensions = { persistedQuery: { version: 1, sha256Hash: hash } };
    const unknown = await upload(url, { ...one({ extensions }), files: [small] });
    expect(unknown.body.errors[0].extensions.code).toBe('PERSISTED_QUERY_NOT_FOUND');
    const registered = await upload(url, { ...one({ query: STORE, extensions }), files: [small] });
    expect(registered.body).toEqual(STORED);
    const known = await upload(url, { ...one({ extensions }), files: [small] });
    expect(known.body).toEqual(STORED);
  });
});

describe('plugins', () => {
  it('see null in place of a file, and add headers to the fetch that sends it', async () => {
    const seen: string[] = [];
    const { url, added } = await withPlugins([
      {
        name: 'adds',
        hooks: {
          onRequest: ({ request }) => void seen.push(`streamed ${request.hasStreamedBody}`),
          onParse: ({ variables }) => void seen.push(JSON.stringify(variables)),
          onExecute: ({ variables }) => void seen.push(JSON.stringify(variables)),
          onFetch: ({ headers, body }) => {
            headers.set('x-added', 'by the plugin');
            seen.push(JSON.stringify(JSON.parse(body).variables));
          },
          onPayload: ({ payload }) => void seen.push(JSON.stringify(payload.data)),
        },
      },
    ]);
    const { body } = await upload(url, { ...one(), files: [small] });
    expect(body).toEqual(STORED);
    expect(added).toEqual(['by the plugin']);
    const variables = '{"file":null}';
    expect(seen).toEqual(['streamed true', variables, variables, variables, JSON.stringify(STORED.data)]);
  });

  it('that read the body as a whole get an error, and so does the client', async () => {
    const { url } = await withPlugins([
      { name: 'reads', hooks: { onRequest: async ({ request }) => void (await request.readBody()) } },
    ]);
    const { status, body } = await upload(url, { ...one(), files: [small] });
    expect([status, body.errors[0].extensions.code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    expect(body.errors[0].message).toContain('a plugin reads whole bodies');
  });

  it('may replace the body with one that has no files', async () => {
    const { url } = await withPlugins([
      {
        name: 'replaces',
        hooks: {
          onRequest({ request }) {
            request.setBody('{"query":"{ ready }"}');
            request.headers.set('content-type', 'application/json');
          },
        },
      },
    ]);
    expect((await upload(url, { ...one(), files: [small] })).body).toEqual({ data: { ready: true } });
  });

  it.each([
    ['the document', { query: STORE.replace('title }', 'title name }') }, { name: '0.txt', title: null }],
    ['the variables', { variables: { file: null, title: 'set' } }, { title: 'set' }],
  ])('that change %s keep the files', async (_, change, expected) => {
    const { url } = await withPlugins([
      { name: 'changes', hooks: { onParse: ({ setOperation }) => setOperation(change) } },
    ]);
    const { body } = await upload(url, { ...one(), files: [small] });
    expect(body.data.store).toEqual({ size: 5, ...expected });
  });

  it('of Yoga run, too', async () => {
    const seen: unknown[] = [];
    const { url } = await withYoga({
      onParams: ({ params }: { params: { variables: unknown } }) => void seen.push(JSON.stringify(params.variables)),
      onExecute: ({ args }: { args: { variableValues: object } }) =>
        void seen.push(JSON.stringify(args.variableValues)),
    });
    expect((await upload(url, { ...one(), files: [small] })).body).toEqual(STORED);
    expect(seen).toEqual(['{"file":null}', '{"file":null}']);
  });

  it('of Yoga may refuse an upload before it has arrived', async () => {
    const { url } = await withYoga({
      onParams({ setParams, params }: { setParams: (params: object) => void; params: object }) {
        setParams({ ...params, query: '{ nothing }' });
      },
    });
    expect(await answerBeforeEnd(url)).toMatchObject({ code: 'GRAPHQL_VALIDATION_FAILED' });
  });
});

describe('a coprocessor', () => {
  const EVERYTHING = { headers: true, body: true } as const;

  it('gets no content of files, and may change the operation', async () => {
    const stages: [string, unknown][] = [];
    const coprocessor = await fakeSubgraph(async (req, res) => {
      const message = JSON.parse(await bodyOf(req));
      stages.push([message.stage, structuredClone(message.body)]);
      if (message.stage === 'SupergraphRequest') message.body.variables.title = 'set';
      res.setHeader('content-type', 'application/json').end(JSON.stringify(message));
    });
    const { url } = await withPlugins([], {
      coprocessor: {
        url: coprocessor.url,
        router: { request: EVERYTHING },
        supergraph: { request: EVERYTHING },
        subgraph: { all: { request: EVERYTHING } },
      },
    });
    const { body } = await upload(url, { ...one(), files: [{ name: '0', content: Buffer.alloc(300_000, 255) }] });
    expect(body).toEqual({ data: { store: { size: 300_000, title: 'set' } } });
    expect(stages).toEqual([
      ['RouterRequest', undefined],
      ['SupergraphRequest', { query: STORE, variables: { file: null } }],
      ['SubgraphRequest', { query: expect.any(String), variables: { file: null, title: 'set' } }],
    ]);
  });
});

describe('a request with files is recorded', () => {
  it('in the access log with all its bytes, chunked or not', async () => {
    const { url, lines } = await uploadWorld({ telemetry: { access_log: { level: 'info', fields: ['bytesIn'] } } });
    const whole = multipart({ ...one(), files: [{ name: '0', content: Buffer.alloc(400_000) }] });
    for (const headers of [HEADERS, { ...HEADERS, 'content-length': String(whole.length) }]) {
      const { answer, req } = openUpload(url, headers);
      req.end(whole);
      expect((await answer).status).toBe(200);
    }
    const bytes = () => lines.filter(({ msg }) => msg === 'request').map(({ bytesIn }) => bytesIn);
    await expect.poll(bytes).toEqual([whole.length, whole.length]);
  });

  it('in the usage', async () => {
    const { url, server } = await uploadWorld({
      usage: { enabled: true },
      admin: { token: TOKEN, listen: '127.0.0.1:0' },
    });
    await upload(url, { ...one(), files: [small] });
    const { body } = await admin(server.adminUrl, '/usage');
    expect(body.operations.map(({ name }: { name: string }) => name)).toEqual(['Store']);
  });
});
