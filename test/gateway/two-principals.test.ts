import { describe, expect, test } from 'vitest';
import {
  apiKey,
  bearer,
  certificate,
  type Sent,
  TELLS_ADDRESS,
  type TwoPrincipals,
  twoPrincipals,
  wouldReuse,
} from './two-principals.ts';

const ANONYMOUS: Sent = { headers: {} };

async function withHeaders(sent: Sent | Promise<Sent>, headers: Record<string, string>): Promise<Sent> {
  const { headers: own, ...rest } = await sent;
  return { ...rest, headers: { ...own, ...headers } };
}

interface Pair {
  readonly two: () => Promise<readonly [Sent, Sent]>;
  /** They differ in something that no header of a client's names, so that `Vary` cannot. */
  readonly isUnnamed?: boolean;
  /** They differ in nothing that sources are sent: `1` and `"1"` are the same in a header. */
  readonly soundsTheSame?: boolean;
}

const PAIRS: Readonly<Record<string, Pair>> = {
  'subjects of one issuer': { two: async () => [await bearer('"sub":"ada"'), await bearer('"sub":"bob"')] },
  'issuers of one subject': {
    two: async () => [await bearer('"sub":"ada"'), await bearer('"sub":"ada"', 'https://b.example')],
  },
  'numbers as subjects': { two: async () => [await bearer('"sub":7'), await bearer('"sub":8')] },
  'a number and the same digits': {
    two: async () => [await bearer('"sub":7'), await bearer('"sub":"7"')],
    soundsTheSame: true,
  },
  'numbers that JavaScript takes for one': {
    two: async () => [await bearer('"sub":9007199254740993'), await bearer('"sub":9007199254740992')],
  },
  'tokens without a subject': { two: async () => [await bearer('"tenant":"t1"'), await bearer('"tenant":"t2"')] },
  'tenants of one subject': {
    two: async () => [await bearer('"sub":"ada","tenant":"t1"'), await bearer('"sub":"ada","tenant":"t2"')],
  },
  'API keys of one owner': { two: async () => [apiKey(0), apiKey(1)] },
  'API keys beside one token': {
    two: async () => {
      const ada = await bearer('"sub":"ada"');
      return [await withHeaders(ada, apiKey(0).headers), await withHeaders(ada, apiKey(1).headers)];
    },
    soundsTheSame: true,
  },
  'forwarded headers beside one API key': {
    two: async () => [await withHeaders(apiKey(0), { 'x-app': 'a' }), await withHeaders(apiKey(0), { 'x-app': 'b' })],
  },
  'a forwarded header and none': { two: async () => [ANONYMOUS, { headers: { 'x-app': 'a' } }] },
  'an empty forwarded header and none': { two: async () => [ANONYMOUS, { headers: { 'x-app': '' } }] },
  cookies: { two: async () => [{ headers: { cookie: 'a=1' } }, { headers: { cookie: 'a=2' } }] },
  certificates: { two: async () => [certificate('ada'), certificate('bob')], isUnnamed: true },
  'a certificate and none': { two: async () => [ANONYMOUS, certificate('bob')], isUnnamed: true },
  'a token and nothing': { two: async () => [ANONYMOUS, await bearer('"sub":"ada"')] },
};

/** What each gets from the query, asked alone. */
async function truth(world: TwoPrincipals, sent: Sent): Promise<string> {
  const { text } = await world.send('/graphql', sent, { query: '{ me }' });
  return JSON.parse(text).data.me;
}

async function expectApart(world: TwoPrincipals, { two, isUnnamed = false, soundsTheSame = false }: Pair) {
  const [ada, bob] = await two();
  const [ofAda, ofBob] = [await truth(world, ada), await truth(world, bob)];
  expect(ofAda === ofBob).toBe(soundsTheSame);

  // queries in flight
  world.hold();
  const query = { query: '{ me }' };
  const before = world.calls();
  const asked = [ada, bob, ada].map((one) => world.send('/graphql', one, query));
  await expect.poll(() => world.calls() - before).toBeGreaterThanOrEqual(soundsTheSame ? 1 : 2);
  world.release();
  const users = (await Promise.all(asked)).map(({ text }) => JSON.parse(text).data.me);
  expect(users).toEqual([ofAda, ofBob, ofAda]);

  // the headers for caches
  const paths = ['/graphql?query={me}', '/bff/web/unsaid', '/bff/web/private', '/bff/web/unkept'];
  for (const path of paths) {
    const [forAda, forBob, again] = [
      await world.send(path, ada),
      await world.send(path, bob),
      await world.send(path, ada),
    ];
    expect(forAda.text).toContain(JSON.stringify(ofAda));
    expect(forBob.text).toContain(JSON.stringify(ofBob));
    expect(again.text).toBe(forAda.text);
    for (const [answer, of, by] of [
      [forAda, ada, bob],
      [forBob, bob, ada],
    ] as const) {
      expect([path, wouldReuse(answer, of, by, true)]).toEqual([path, false]);
      // no Vary tells a browser of certificates
      if (!isUnnamed) expect([path, wouldReuse(answer, of, by, false)]).toEqual([path, false]);
    }
  }

  // the cache of REST answers
  for (const [one, expected] of [
    [ada, ofAda],
    [bob, ofBob],
    [ada, ofAda],
  ] as const) {
    const { text } = await world.send('/graphql', one, { query: '{ who }' });
    expect(JSON.parse(text).data.who).toBe(expected);
  }

  // orders
  const order = (one: Sent) =>
    world.send('/bff/web/orders', { ...one, headers: { ...one.headers, 'idempotency-key': 'k' } }, {});
  const orders = [await order(ada), await order(bob), await order(ada), await order(bob)];
  expect(orders.map(({ headers }) => headers['idempotency-replayed'])).toEqual([undefined, undefined, 'true', 'true']);
  expect(orders.map(({ text }) => JSON.parse(text).order)).toEqual([ofAda, ofBob, ofAda, ofBob]);
}

describe('two principals never get what is the other one’s', () => {
  test.each(Object.entries(PAIRS))('%s', async (_, pair) => {
    await expectApart(await twoPrincipals(), pair);
  });

  test('addresses, where sources are sent them', async () => {
    const world = await twoPrincipals([TELLS_ADDRESS]);
    const two = async () => [ANONYMOUS, { ...ANONYMOUS, localAddress: '127.0.0.2' }] as const;
    await expectApart(world, { two, isUnnamed: true });
    const { headers } = await world.send('/bff/web/public', ANONYMOUS);
    expect(headers['cache-control']).toBe('private, max-age=60');
  });

  test('headers that a rule forwards by a pattern', async () => {
    const world = await twoPrincipals([{ propagate: { matching: '^x-a' } }]);
    await expectApart(world, { two: async () => [ANONYMOUS, { headers: { 'x-app': 'a' } }] });
    const { headers } = await world.send('/bff/web/public', ANONYMOUS);
    expect([headers['cache-control'], headers.vary]).toEqual(['private, max-age=60', '*']);
  });

  test('what the gateway writes into a header that mostly only says which requests belong together', async () => {
    const world = await twoPrincipals([
      { insert: { name: 'tracestate', from_claim: 'sub' } },
      { propagate: { named: 'tracestate', rename: 'x-app' } },
      { rename: { named: 'tracestate', to: 'x-user' } },
    ]);
    await expectApart(world, { two: async () => [await bearer('"sub":"ada"'), await bearer('"sub":"bob"')] });
  });
});

describe('what is the same for both stays shared', () => {
  test('one call for queries of two users where nothing of theirs is sent on', async () => {
    const world = await twoPrincipals([]);
    const users = [await bearer('"sub":"ada"'), await bearer('"sub":"bob"')];
    // tokens that are known are not waited for
    for (const user of users) await truth(world, user);
    const before = world.calls();
    world.hold();
    const asked = users.map((user) => world.send('/graphql', user, { query: '{ me }' }));
    await expect.poll(() => world.calls() - before).toBe(1);
    // both have come in by the time that later requests are answered
    for (let count = 0; count < 3; count++) await world.send('/health', ANONYMOUS);
    world.release();
    expect(new Set((await Promise.all(asked)).map(({ text }) => text)).size).toBe(1);
    expect(world.calls() - before).toBe(1);
  });

  test('public endpoints, for all who send the same forwarded headers', async () => {
    const world = await twoPrincipals();
    const ada = await withHeaders(bearer('"sub":"ada"'), { 'x-app': 'a' });
    const [first, second, other] = [
      await world.send('/bff/web/public', ada),
      await world.send('/bff/web/public', await withHeaders(apiKey(0), { 'x-app': 'a' })),
      await world.send('/bff/web/public', { headers: { 'x-app': 'b' } }),
    ];
    expect(second.text).toBe(first.text);
    expect(other.text).not.toBe(first.text);
    expect(first.headers).toMatchObject({ 'cache-control': 'public, max-age=60', vary: 'accept, x-app' });
  });

  test('an idempotent request whose token was renewed before it is tried again', async () => {
    const world = await twoPrincipals([{ propagate: { named: 'authorization' } }]);
    const [first, renewed] = [await bearer('"sub":"ada"'), await bearer('"sub":"ada"')];
    expect(renewed).not.toEqual(first);
    const order = (one: Sent) =>
      world.send('/bff/web/orders', { headers: { ...one.headers, 'idempotency-key': 'k' } }, {});
    await order(first);
    expect((await order(renewed)).headers['idempotency-replayed']).toBe('true');
  });
});
