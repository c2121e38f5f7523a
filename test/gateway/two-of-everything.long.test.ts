import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { folderOf } from '../bff/support.ts';
import { type Everything, type Field, twoOfEverything } from './two-of-everything.ts';
import { type Answer, apiKey, bearer, certificate, type Sent, wouldReuse } from './two-principals.ts';

/** Two clients that differ in one fact, which the sources or policies of a field read. */
interface Fact {
  /** Header rules of the source that has the field. */
  readonly rules?: readonly object[];
  /** The rule of a variant of the source that has the field. */
  readonly variant?: object;
  /** A plugin, as the text of its module. */
  readonly plugin?: string;
  /** Whether what reads it takes part in every operation. */
  readonly isOfAll?: boolean;
  /** The field whose response depends on the fact. Default `me`. */
  readonly field?: Field;
  readonly two: () => Promise<readonly [Sent, Sent]>;
  /** Whether the fact says who the client is, so that the two never repeat each other's mutations. */
  readonly isPrincipal?: boolean;
  /** Whether no header tells the two apart, so that `Vary` cannot. */
  readonly isUnnamed?: boolean;
  /** How many calls of sources three requests at the same time need: of the first, of the second, and of the first again. */
  readonly calls?: number;
}

const headers = (one: Record<string, string>, other: Record<string, string>) => async () =>
  [{ headers: one }, { headers: other }] as const;

/** A plugin that sends something of the request to sources as `x-app`. */
const sending = (reads: string | undefined, value: string, hook = 'onFetch') => `export default {
  name: 'sending', reads: ${reads}, hooks: { ${hook}({ request, headers }) { headers.set('x-app', String(${value})); } },
};`;

/** A row for each kind of fact about a request. A change that makes something else part of a response adds one. */
const FACTS: Readonly<Record<string, Fact>> = {
  'a header': { rules: [{ propagate: { named: 'x-app' } }], two: headers({ 'x-app': 'a' }, { 'x-app': 'b' }) },
  'a header and none': { rules: [{ propagate: { named: 'x-app' } }], two: headers({ 'x-app': 'a' }, {}) },
  'a header that a rule renames': {
    rules: [{ propagate: { named: 'x-page', rename: 'x-app' } }],
    two: headers({ 'x-page': 'a' }, { 'x-page': 'b' }),
  },
  'a header that a rule finds by a pattern': {
    rules: [{ propagate: { matching: '^x-a' } }],
    two: headers({ 'x-app': 'a' }, { 'x-app': 'b' }),
  },
  'a header that mostly only correlates requests': {
    rules: [{ propagate: { named: 'tracestate' } }, { rename: { named: 'tracestate', to: 'x-app' } }],
    two: headers({ tracestate: 'a' }, { tracestate: 'b' }),
  },
  'a header that a connector reads': { field: 'who', two: headers({ 'x-caller': 'a' }, { 'x-caller': 'b' }) },
  'a label of a progressive override': {
    field: 'chosen',
    two: headers({ 'x-labels': 'next' }, {}),
  },
  'a language': {
    rules: [{ propagate: { named: 'accept-language' } }],
    two: headers({ 'accept-language': 'de' }, { 'accept-language': 'fr' }),
  },
  'a cookie': {
    rules: [{ propagate: { named: 'cookie' } }],
    two: headers({ cookie: 'a=1' }, { cookie: 'a=2' }),
    isPrincipal: true,
  },
  'a token that is only passed on': {
    rules: [{ propagate: { named: 'authorization' } }],
    two: async () => [await bearer('"sub":"ada"'), await bearer('"sub":"bob"')],
    isPrincipal: true,
  },
  'a claim': {
    rules: [{ insert: { name: 'x-tenant', from_claim: 'tenant' } }],
    two: async () => [await bearer('"sub":"ada","tenant":"a"'), await bearer('"sub":"ada","tenant":"b"')],
    isPrincipal: true,
  },
  'an identity': {
    rules: [{ insert: { name: 'x-user', from_context: 'subject' } }],
    two: async () => [await bearer('"sub":"ada"'), await bearer('"sub":"bob"')],
    isPrincipal: true,
  },
  'the kind of an identity': {
    rules: [{ insert: { name: 'x-kind', from_context: 'kind' } }],
    two: async () => [await bearer('"sub":"ada"'), apiKey(0)],
    isPrincipal: true,
  },
  'an API key': {
    rules: [{ insert: { name: 'x-key', from_claim: 'id' } }],
    two: async () => [apiKey(0), apiKey(1)],
    isPrincipal: true,
  },
  'a certificate': {
    rules: [{ insert: { name: 'x-user', from_context: 'subject' } }],
    two: async () => [certificate('ada'), certificate('bob')],
    isPrincipal: true,
    isUnnamed: true,
  },
  'an address': {
    rules: [{ insert: { name: 'x-address', from_context: 'ip' } }],
    two: async () => [{ headers: {} }, { headers: {}, localAddress: '127.0.0.2' }],
    isUnnamed: true,
  },
  'a scope that a field requires': {
    field: 'secret',
    two: async () => [await bearer('"sub":"ada","scope":"secrets"'), await bearer('"sub":"bob"')],
    isPrincipal: true,
    calls: 1,
  },
  'a header that chooses a variant': {
    variant: { match: { header: { name: 'x-canary', value: 'yes' } } },
    two: headers({ 'x-canary': 'yes' }, { 'x-canary': 'no' }),
  },
  'a cookie that chooses a variant': {
    variant: { match: { cookie: { name: 'canary' } } },
    two: headers({ cookie: 'canary=1' }, { cookie: 'other=1' }),
    isPrincipal: true,
  },
  'a claim that chooses a variant': {
    variant: { match: { claim: { name: 'beta', value: 'true' } } },
    two: async () => [await bearer('"sub":"ada","beta":true'), await bearer('"sub":"ada","beta":false')],
    isPrincipal: true,
  },
  'a user, where a variant gets a share of them': {
    variant: { weight: '50%' },
    two: async () => [await bearer('"sub":"ada"'), await bearer('"sub":"bob"')],
    isPrincipal: true,
  },
  'a header that a plugin sends on': {
    plugin: sending("{ headers: ['x-page'] }", "request.headers.get('x-page')"),
    two: headers({ 'x-page': 'a' }, { 'x-page': 'b' }),
    isOfAll: true,
  },
  'a header that a plugin sends on with each try': {
    plugin: sending("{ headers: ['x-page'] }", "request.headers.get('x-page')", 'onTry'),
    two: headers({ 'x-page': 'a' }, { 'x-page': 'b' }),
    isOfAll: true,
  },
  'a header that a plugin sends on without declaring it': {
    plugin: sending(undefined, "request.headers.get('x-page')", 'onTry'),
    two: headers({ 'x-page': 'a' }, { 'x-page': 'b' }),
    isOfAll: true,
    calls: 3,
  },
  'a claim that a plugin sends on': {
    plugin: sending('{ claims: true }', 'request.identity?.claims.tenant'),
    two: async () => [await bearer('"sub":"ada","tenant":"a"'), await bearer('"sub":"ada","tenant":"b"')],
    isPrincipal: true,
    isOfAll: true,
  },
  'an address that a plugin sends on': {
    isOfAll: true,
    plugin: sending('{ address: true }', 'request.ip'),
    two: async () => [{ headers: {} }, { headers: {}, localAddress: '127.0.0.2' }],
    isUnnamed: true,
  },
  'an address, where a variant gets a share of the users': {
    variant: { weight: '50%' },
    two: async () => [{ headers: {} }, { headers: {}, localAddress: '127.0.0.3' }],
    isUnnamed: true,
  },
  'a header that a policy module reads': {
    field: 'vip',
    two: headers({ 'x-door': 'open' }, { 'x-door': 'closed' }),
    calls: 1,
  },
};

/** Counts requests to the gateway, whose head has arrived. */
function countArrivals() {
  let count = 0;
  const onRequest = (message: unknown) => {
    const { request } = message as { request: IncomingMessage };
    if (/^\/(?:graphql|bff)\b/.test(request.url ?? '')) count++;
  };
  subscribe('http.server.request.start', onRequest);
  return { count: () => count, stop: () => unsubscribe('http.server.request.start', onRequest) };
}

/** Sends requests that sources respond to only when all of them have come in. */
async function atTheSameTime(world: Everything, calls: number, requests: (() => Promise<Answer>)[]): Promise<Answer[]> {
  world.hold();
  const before = world.calls();
  const arrivals = countArrivals();
  const pending = requests.map((request) => request());
  try {
    await expect.poll(arrivals.count).toBe(requests.length);
    await expect.poll(() => world.calls() - before).toBeGreaterThanOrEqual(calls);
    // all have come in by the time that later requests are answered
    for (let count = 0; count < 3; count++) await world.send('/health', { headers: {} });
  } finally {
    arrivals.stop();
    world.release();
  }
  const answers = await Promise.all(pending);
  expect(world.calls() - before).toBe(calls);
  return answers;
}

/** What the field is for a client: `undefined` where it is null. */
function shown({ text }: Answer, field: string): string | undefined {
  const body = JSON.parse(text);
  return (body.data ?? body)[field] ?? undefined;
}

const post = (world: Everything, one: Sent, query: string) => world.send('/graphql', one, { query });

describe.each(Object.entries(FACTS))('two clients that differ in %s', (_, fact) => {
  const { isOfAll = false } = fact;
  const { rules = [], variant, plugin, field = 'me', two, isPrincipal = false, isUnnamed = false, calls = 2 } = fact;
  const query = `{ ${field} }`;

  async function start(config: object = {}) {
    const path = plugin && join(folderOf({ 'plugin.mjs': plugin }), 'plugin.mjs');
    const world = await twoOfEverything(rules, { ...config, ...(path && { plugins: [{ path }] }) }, variant);
    const [ada, bob] = await two();
    const [ofAda, ofBob] = [await post(world, ada, query), await post(world, bob, query)].map((one) =>
      shown(one, field),
    );
    expect(ofAda).not.toBe(ofBob);
    return { world, ada, bob, ofAda, ofBob };
  }

  test('never see each other’s response at the same time; one that repeats a request shares', async () => {
    const { world, ada, bob, ofAda, ofBob } = await start();
    for (const send of [
      (one: Sent) => () => post(world, one, query),
      (one: Sent) => () => world.send(`/bff/web/${field}-unkept`, one),
      (one: Sent) => () => world.send(`/bff/web/${field}-private`, one),
    ]) {
      const answers = await atTheSameTime(world, calls, [send(ada), send(bob), send(ada)]);
      expect(answers.map((one) => shown(one, field))).toEqual([ofAda, ofBob, ofAda]);
    }
  });

  test('never see each other’s response one after the other, whatever is cached', async () => {
    const { world, ada, bob, ofAda, ofBob } = await start();
    for (const path of [
      `/graphql?query={${field}}`,
      ...['unsaid', 'private', 'unkept'].map((name) => `/bff/web/${field}-${name}`),
    ]) {
      const answers = [await world.send(path, ada), await world.send(path, bob), await world.send(path, ada)] as const;
      expect([path, ...answers.map((one) => shown(one, field))]).toEqual([path, ofAda, ofBob, ofAda]);
      expect(answers[2].text).toBe(answers[0].text);
      for (const [answer, of, by] of [
        [answers[0], ada, bob],
        [answers[1], bob, ada],
      ] as const) {
        expect([path, wouldReuse(answer, of, by, true)]).toEqual([path, false]);
        if (!isUnnamed) expect([path, wouldReuse(answer, of, by, false)]).toEqual([path, false]);
      }
    }
  });

  test('never see each other’s values in the response cache, by any path; each sees its own again', async () => {
    // `start` has filled the cache with the values of both
    const { world, ada, bob, ofAda, ofBob } = await start({
      response_cache: { enabled: true, subgraph: { all: { ttl: '1m', negative_ttl: '1m' } } },
    });
    const before = world.calls();
    for (const one of [ada, bob, ada, bob]) {
      const own = one === ada ? ofAda : ofBob;
      expect(shown(await post(world, one, query), field)).toBe(own);
      // as a part of another operation, which has other requests to subgraphs
      const more = await post(world, one, `query Other { ${field} plain }`);
      expect([shown(more, field), shown(more, 'plain')]).toEqual([own, 'plain']);
    }
    for (const path of [
      `/graphql?query={${field}}`,
      `/graphql?query={${field}}`,
      ...['unsaid', 'private', 'unkept'].map((name) => `/bff/web/${field}-${name}`),
    ]) {
      const answers = [await world.send(path, ada), await world.send(path, bob), await world.send(path, ada)];
      expect([path, ...answers.map((one) => shown(one, field))]).toEqual([path, ofAda, ofBob, ofAda]);
    }
    // tries that a plugin makes different are never cached
    const isTry = plugin?.includes('onTry') === true;
    if (!isTry) expect(world.calls() - before).toBeLessThanOrEqual(2 + 2);
  });

  test('never get each other’s mutation for the same idempotency key', async () => {
    const { world, ada, bob } = await start();
    const order = (one: Sent, what: string) =>
      world.send(`/bff/web/${what}/orders`, { ...one, headers: { ...one.headers, 'idempotency-key': 'k' } }, {});
    const replayed = (answers: Answer[]) =>
      answers.map(({ headers: given }) => given['idempotency-replayed'] === 'true');
    const [first, second] = [await order(ada, field), await order(bob, field)];
    expect(replayed([first, second])).toEqual([false, false]);
    const again = await order(ada, field);
    // what was refused before it reached a source is not kept
    if (first.status < 400) expect(replayed([again])).toEqual([true]);
    expect(again.text).toBe(first.text);
    // a mutation that does not depend on the fact is the same for both, unless they are two principals
    expect(replayed([await order(ada, 'plain'), await order(bob, 'plain')])).toEqual([false, !isPrincipal && !isOfAll]);
  });

  test('share what does not depend on it', async () => {
    const { world, ada, bob } = await start();
    // tokens that are known are not waited for, and documents that are known are planned
    for (const one of [ada, bob]) await post(world, one, '{ plain }');
    const answers = await atTheSameTime(
      world,
      isOfAll ? 2 : 1,
      [ada, bob].map((one) => () => post(world, one, '{ plain }')),
    );
    expect(answers.map((one) => shown(one, 'plain'))).toEqual(['plain', 'plain']);
    if (isOfAll) return;
    await world.send('/bff/web/plain-public', ada);
    // the cache has it now
    const before = world.calls();
    for (const one of [ada, bob]) await world.send('/bff/web/plain-public', one);
    expect(world.calls()).toBe(before);
    const { headers: given } = await world.send('/graphql?query={plain}', ada);
    expect([given['cache-control'], given.vary]).toEqual(['public, max-age=60', 'accept']);
  });
});

describe('what an endpoint reads itself', () => {
  const german = { headers: { 'accept-language': 'de' } };
  const french = { headers: { 'accept-language': 'fr' } };

  test.each(['/bff/web/language', '/bff/web/language/unkept'])('a header parameter of %s', async (path) => {
    const world = await twoOfEverything([]);
    const send = (one: Sent) => () => world.send(path, one);
    const answers = await atTheSameTime(world, 2, [send(german), send(french), send(german)]);
    expect(answers.map((one) => shown(one, 'greeting')?.includes('"de"'))).toEqual([true, false, true]);
    expect(answers[0]?.headers.vary).toContain('accept-language');
  });

  test('a claim', async () => {
    const world = await twoOfEverything([]);
    const [ada, bob] = [await bearer('"sub":"ada"'), await bearer('"sub":"bob"')];
    const send = (one: Sent) => () => world.send('/bff/web/claim', one);
    const answers = await atTheSameTime(world, 2, [send(ada), send(bob), send(ada)]);
    expect(answers.map((one) => shown(one, 'greeting')?.includes('"ada"'))).toEqual([true, false, true]);
  });

  test.each(['varied'])('headers that the shape of "%s" reads', async (name) => {
    const world = await twoOfEverything([]);
    const pages = [{ headers: { 'x-page': 'one' } }, { headers: { 'x-page': 'two' } }];
    const sent = pages.map((one) => world.send(`/bff/web/${name}`, one));
    expect((await Promise.all(sent)).map((one) => shown(one, 'for'))).toEqual(['one', 'two']);
  });
});

describe('rate limits of a subgraph', () => {
  const limited = (by: string[]) =>
    twoOfEverything([], { rate_limits: { subgraphs: { plain: [{ limit: 100, window: '1h', by }] } } });
  const pages = ['a', 'b'].map((page) => ({ headers: { 'x-page': page } }));

  test.each([
    ['global', 1],
    ['header:x-page', 2],
  ])('that count by %s: who counts together shares, so that nobody gets an error for others', async (by, calls) => {
    const world = await limited([by]);
    // documents that are known are planned
    await post(world, { headers: {} }, '{ plain }');
    for (const send of [
      (one: Sent) => () => post(world, one, '{ plain }'),
      (one: Sent) => () => world.send('/bff/web/plain-unkept', one),
      (one: Sent) => () => world.send('/bff/web/plain-unsaid', one),
    ]) {
      const answers = await atTheSameTime(world, calls, [...pages, ...pages].map(send));
      expect(answers.map((one) => shown(one, 'plain'))).toEqual(Array(4).fill('plain'));
    }
    const { headers: given } = await world.send('/graphql?query={plain}', { headers: {} });
    expect([given['cache-control'], given.vary]).toEqual(['public, max-age=60', 'accept']);
  });
});
