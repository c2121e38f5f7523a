import { request } from 'node:http';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { folderOf } from '../../bff/support.ts';
import { httpWorld } from '../../gateway/http-world.ts';
import { latch, post } from '../../gateway/serving.ts';
import { AUDIENCE, IdentityProvider } from '../../policy/authentication/identity-provider.ts';

let provider: IdentityProvider;

beforeAll(async () => {
  provider = await IdentityProvider.start();
});

afterAll(() => provider.stop());

const shop = { me: { typeDefs: 'type Query { me: String }', resolvers: { Query: { me: () => 'unused' } } } };

/** A subgraph that answers with the user that it receives, once the test lets it, and the gateway before it. */
async function world(config: object) {
  const gate = latch();
  const running = await httpWorld(shop, { config: { ...config } });
  running.behave('me', async (req, res) => {
    const { 'x-user-id': user, 'user-agent': agent, 'x-client-ip': ip } = req.headers;
    await gate.promise;
    res
      .setHeader('content-type', 'application/json')
      .end(JSON.stringify({ data: { me: user ?? agent ?? ip ?? null } }));
  });
  const me = async (headers: Record<string, string>) => {
    const response = await post(running.server.url, { query: '{ me }' }, headers);
    return ((await response.json()) as { data: { me: string | null } }).data.me;
  };
  return { ...running, me, open: gate.open };
}

/** Posts `{ me }` with exactly these headers, on a connection of its own, from one of this machine's addresses. */
function ask(url: string, headers: Record<string, string>, localAddress = '127.0.0.1') {
  return new Promise<{ data: { me: string | null } }>((resolve, reject) => {
    const options = { method: 'POST', agent: false, localAddress } as const;
    const sent = request(url, { ...options, headers: { 'content-type': 'application/json', ...headers } }, (response) =>
      resolve(json(response) as Promise<{ data: { me: string | null } }>),
    );
    sent.on('error', reject).end('{"query":"{ me }"}');
  });
}

const jwks = () => [{ url: provider.keySetUrl, issuer: provider.issuer, audience: AUDIENCE }];
const tellsUser = { all: { request: [{ insert: { name: 'x-user-id', from_claim: 'sub' } }] } };

describe('requests in flight at the same time', () => {
  it('never get the answer of another user, and share that of the same', async () => {
    const { me, open, calls } = await world({
      authentication: { router: { jwt: { jwks: jwks() } } },
      headers: tellsUser,
    });
    const users = ['ada', 'bob', 'ada', 'ada', 'bob'] as const;
    const tokens = { ada: await provider.token('ada'), bob: await provider.token('bob') };
    const asked = users.map((user) => me({ authorization: `Bearer ${tokens[user]}` }));
    const anonymous = [me({}), me({ 'x-user-id': 'ada' })];
    await expect.poll(() => calls.me).toBe(3);
    open();
    expect(await Promise.all(asked)).toEqual(users);
    expect(await Promise.all(anonymous)).toEqual([null, null]);
    expect(calls.me).toBe(3);
  });

  it('of one user with two tokens share what the subgraph is asked, since it receives the same', async () => {
    const { me, open, calls } = await world({
      authentication: { router: { jwt: { jwks: jwks() } } },
      headers: tellsUser,
    });
    const [first, second] = [await provider.token('ada'), await provider.token('ada')];
    expect(first).not.toBe(second);
    const asked = [first, second].map((token) => me({ authorization: `Bearer ${token}` }));
    await expect.poll(() => calls.me).toBe(1);
    open();
    expect(await Promise.all(asked)).toEqual(['ada', 'ada']);
  });

  it('are distinguished by a header that mostly does not matter, where the subgraph is sent it', async () => {
    const { me, open, calls } = await world({
      headers: { all: { request: [{ propagate: { named: 'user-agent' } }] } },
    });
    const asked = ['one', 'two', 'one'].map((agent) => me({ 'user-agent': agent }));
    await expect.poll(() => calls.me).toBe(2);
    open();
    expect(await Promise.all(asked)).toEqual(['one', 'two', 'one']);
    expect(calls.me).toBe(2);
  });

  it.each(['x-request-id', 'traceparent'])('are distinguished by %s, where the subgraph is sent it', async (named) => {
    const { me, open, calls } = await world({
      headers: { all: { request: [{ propagate: { named, rename: 'x-user-id' } }] } },
    });
    const asked = ['one', 'two', 'one'].map((value) => me({ [named]: value }));
    await expect.poll(() => calls.me).toBe(2);
    open();
    expect(await Promise.all(asked)).toEqual(['one', 'two', 'one']);
  });

  it('are distinguished by what "connection" keeps from subgraphs', async () => {
    const { server, behave } = await httpWorld(shop, {
      config: { headers: { all: { request: [{ propagate: { named: 'x-user-id' } }] } } },
    });
    const gate = latch();
    let asked = 0;
    behave('me', async (req, res) => {
      asked++;
      await gate.promise;
      res
        .setHeader('content-type', 'application/json')
        .end(JSON.stringify({ data: { me: req.headers['x-user-id'] ?? null } }));
    });
    const me = (connection: string) => ask(server.url, { 'x-user-id': 'ada', connection });
    const answers = [me('close, x-user-id'), me('close')];
    await expect.poll(() => asked).toBe(2);
    gate.open();
    expect((await Promise.all(answers)).map(({ data }) => data.me)).toEqual([null, 'ada']);
  });

  it('are decided each by itself where a module decides, which receives addresses', async () => {
    const typeDefs = 'type Query { me: String @policy(policies: [["office"]]) }';
    const module = `
      export default async (names, { ip }) => {
        await new Promise((go) => setTimeout(go, 200));
        return ip === '127.0.0.1' ? names : [];
      };`;
    const file = join(folderOf({ 'policies.mjs': module }), 'policies.mjs');
    const { server } = await httpWorld(
      { me: { typeDefs, resolvers: { Query: { me: () => 'secret' } } } },
      { config: { authorization: { policies: { module: file } } } },
    );
    const answers = ['127.0.0.1', '127.0.0.2'].map((localAddress) => ask(server.url, {}, localAddress));
    expect((await Promise.all(answers)).map(({ data }) => data.me)).toEqual(['secret', null]);
  });

  it('are distinguished by address, where the subgraph receives it', async () => {
    const { me, open, seen } = await world({
      trusted_proxies: ['127.0.0.1'],
      headers: { all: { request: [{ insert: { name: 'x-client-ip', from_context: 'ip' } }] } },
    });
    const asked = ['192.0.2.1', '192.0.2.2'].map((ip) => me({ 'x-forwarded-for': ip }));
    await expect.poll(() => seen.me?.length).toBe(2);
    open();
    await Promise.all(asked);
    expect(seen.me?.map((headers) => headers['x-client-ip']).sort()).toEqual(['192.0.2.1', '192.0.2.2']);
  });
});
