import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { apiSettings, connectorsSection } from '../../../src/config/sections/connectors.ts';
import { nextInOrder } from '../../../src/shared/arrival-order.ts';
import { Cancellation } from '../../../src/sources/cancellation.ts';
import { ApiCache } from '../../../src/sources/rest/cache/api-cache.ts';
import { type CacheStore, memoryCacheStore, redisCacheStore } from '../../../src/sources/rest/cache/cache-store.ts';
import type { ForwardHeaders, Source } from '../../../src/sources/source.ts';
import { createRedis } from '../../../src/store/redis.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { HAS_REDIS, startRedis } from '../../store/redis-server.ts';
import { aClient, ask, restSource, type StubApi, stubApi } from './stub-api.ts';

const CACHED = apiSettings(connectorsSection.parse({ sources: { 'shop.api': { cache: true } } }), 'shop', 'api');

const SDL = `
  type Query {
    time: String @connect(source: "api", http: {GET: "/time"}, selection: "$.time")
    mine: String @connect(source: "api", http: {GET: "/mine", headers: [{name: "x-user", from: "x-user"}]}, selection: "$.of")
    partner: String @connect(source: "api", http: {GET: "/time", headers: [{name: "authorization", value: "Bearer {$config.token}"}]}, selection: "$.time")
  }
  type Mutation { set: String @connect(source: "api", http: {POST: "/time", body: "a: $(1)"}, selection: "$.time") }`;

interface World {
  readonly api: StubApi;
  readonly source: Source;
  /** What the API answers with: headers, and a status. */
  says: { headers: Record<string, string>; status?: number; broken?: boolean };
  /** Seconds go by. */
  wait(seconds: number): void;
  get(query: string, headers?: Record<string, string>): Promise<unknown>;
}

/** An API that counts its answers (`t1`, `t2`, …), says back who asked, and knows `If-None-Match`. */
async function world(
  headers: Record<string, string>,
  forward?: ForwardHeaders,
  cacheStore: CacheStore = memoryCacheStore(100_000),
) {
  let count = 0;
  let now = Date.parse('2026-01-01T00:00:00Z');
  const api = await stubApi(({ headers: asked }) => (response: ServerResponse) => {
    if (it.says.broken) return response.destroy();
    const isSame = asked['if-none-match'] !== undefined && asked['if-none-match'] === it.says.headers.etag;
    response.writeHead(isSame ? 304 : (it.says.status ?? 200), it.says.headers);
    count += isSame ? 0 : 1;
    return response.end(isSame ? '' : JSON.stringify({ time: `t${count}`, of: ofWhom(asked) }));
  });
  const cache = new ApiCache(cacheStore, () => now);
  const source = restSource(api, SDL, { settingsOf: () => CACHED, cache, forward });
  const it: World = {
    api,
    source,
    says: { headers },
    wait: (seconds) => {
      now += seconds * 1_000;
    },
    async get(query, given) {
      const { data, errors } = await ask(source, query, {}, aClient(given));
      return errors ? errors[0]?.extensions.code : Object.values(data ?? {})[0];
    },
  };
  return it;
}

function ofWhom(asked: IncomingHttpHeaders): string {
  return String(asked['x-user'] ?? asked.authorization ?? 'nobody');
}

const twice = async ({ get }: World, query = '{ time }') => [await get(query), await get(query)];

describe('a fetch for an event', () => {
  const event = () => ({ order: nextInOrder(), isAbout: () => true });
  const getFor = async (source: Source) =>
    (await ask(source, '{ time }', {}, aClient(), { event: event() })).data?.time;

  test('is never answered by an older response, and its own one is cached', async () => {
    const { source, get } = await world({ 'cache-control': 'max-age=60' });
    expect([await get('{ time }'), await get('{ time }')]).toEqual(['t1', 't1']);
    expect([await getFor(source), await get('{ time }'), await getFor(source)]).toEqual(['t2', 't2', 't3']);
  });

  test('is not replaced in the cache by the response to an earlier call', async () => {
    const waiting: (() => void)[] = [];
    let count = 0;
    const api = await stubApi(() => (response: ServerResponse) => {
      const time = `t${++count}`;
      const end = () => response.writeHead(200, { 'cache-control': 'max-age=60' }).end(JSON.stringify({ time }));
      if (count === 1) waiting.push(end);
      else end();
    });
    const source = restSource(api, SDL, { settingsOf: () => CACHED, cache: new ApiCache(memoryCacheStore(100_000)) });
    const get = async () => (await ask(source, '{ time }', {}, aClient())).data?.time;
    const slow = get();
    await expect.poll(() => waiting.length).toBe(1);
    expect(await getFor(source)).toBe('t2');
    waiting[0]?.();
    expect([await slow, await get()]).toEqual(['t1', 't2']);
  });
});

describe('how long', () => {
  test.each([
    ['max-age', { 'cache-control': 'max-age=60' }, ['t1', 't1']],
    ['s-maxage before max-age', { 'cache-control': 'max-age=0, s-maxage=60' }, ['t1', 't1']],
    ['a date', { date: 'Thu, 01 Jan 2026 00:00:00 GMT', expires: 'Thu, 01 Jan 2026 00:01:00 GMT' }, ['t1', 't1']],
    ['nothing said', {}, ['t1', 't2']],
    ['no-store', { 'cache-control': 'no-store, max-age=60' }, ['t1', 't2']],
    ['private', { 'cache-control': 'private, max-age=60' }, ['t1', 't2']],
    ['no-cache', { 'cache-control': 'no-cache, max-age=60' }, ['t1', 't2']],
    ['an age that is reached', { 'cache-control': 'max-age=60', age: '60' }, ['t1', 't2']],
    ['it depends on anything', { 'cache-control': 'max-age=60', vary: '*' }, ['t1', 't2']],
    ['a cookie comes with it', { 'cache-control': 'max-age=60', 'set-cookie': 'a=b' }, ['t1', 't2']],
  ])('%s', async (_, headers, answers) => {
    expect(await twice(await world(headers))).toEqual(answers);
  });

  test('until its time is up', async () => {
    const it = await world({ 'cache-control': 'max-age=60', age: '10' });
    await it.get('{ time }');
    it.wait(49);
    expect(await it.get('{ time }')).toBe('t1');
    it.wait(2);
    expect(await it.get('{ time }')).toBe('t2');
  });

  test('what is served says how long it still holds', async () => {
    const it = await world({ 'cache-control': 'max-age=60' });
    await it.get('{ time }');
    it.wait(20);
    const request = { body: '{"query":"{ time }"}', operationType: 'query', client: aClient() } as const;
    const answer = await new Promise((done) => it.source.send(request, done));
    expect(answer).toMatchObject({ freshness: { maxAgeMs: 40_000, isPrivate: false } });
  });

  test('what was done to a URL ends what was kept of it; a failure is never kept', async () => {
    const it = await world({ 'cache-control': 'max-age=60' });
    await it.get('{ time }');
    await it.get('mutation { set }');
    expect(await it.get('{ time }')).toBe('t3');
    const broken = await world({ 'cache-control': 'max-age=60' });
    broken.says = { ...broken.says, status: 500 };
    expect(await broken.get('{ time }')).toBe('SUBREQUEST_HTTP_ERROR');
    broken.says = { ...broken.says, status: 200 };
    expect(await broken.get('{ time }')).toBe('t2');
  });

  test('a client that says no-store gets an answer of its own', async () => {
    const it = await world({ 'cache-control': 'max-age=60' });
    await it.get('{ time }');
    expect(await it.get('{ time }', { 'cache-control': 'no-store' })).toBe('t2');
    expect(await it.get('{ time }')).toBe('t1');
  });

  test('no more than there is room for', async () => {
    const it = await world({ 'cache-control': 'max-age=60' }, undefined, memoryCacheStore(100));
    expect(await twice(it)).toEqual(['t1', 't2']);
  });
});

describe('for whom', () => {
  const asTwo = async ({ get }: World, query: string, header: string) => [
    await get(query, { [header]: 'ann' }),
    await get(query, { [header]: 'bob' }),
    await get(query, { [header]: 'ann' }),
  ];

  test('two users whose header a connector sends on never see the answers of each other', async () => {
    const it = await world({ 'cache-control': 'max-age=60' });
    expect(await asTwo(it, '{ mine }', 'x-user')).toEqual(['ann', 'bob', 'ann']);
    expect(it.api.calls).toHaveLength(3);
  });

  test('not even when they ask at the same time', async () => {
    const it = await world({ 'cache-control': 'max-age=60' });
    const users = ['ann', 'bob', 'cleo'];
    expect(await Promise.all(users.map((user) => it.get('{ mine }', { 'x-user': user })))).toEqual(users);
  });

  test('neither do those whose header a rule sends on', async () => {
    const forward: ForwardHeaders = ({ headers }) => ({
      pairs: ['authorization', String(headers.authorization)],
      sharingKey: String(headers.authorization),
    });
    const it = await world({ 'cache-control': 'max-age=60' }, forward);
    expect(await asTwo(it, '{ time }', 'authorization')).toEqual(['t1', 't2', 't3']);
  });

  test('what is public and varies is kept for each', async () => {
    const it = await world({ 'cache-control': 'public, max-age=60', vary: 'Accept, X-User' });
    expect(await asTwo(it, '{ mine }', 'x-user')).toEqual(['ann', 'bob', 'ann']);
    expect(it.api.calls).toHaveLength(2);
  });

  test('what is public and does not vary is the same for all', async () => {
    const it = await world({ 'cache-control': 'public, max-age=60' });
    expect(await asTwo(it, '{ mine }', 'x-user')).toEqual(['ann', 'ann', 'ann']);
  });

  /** Rules that send on one header of the client's, where it is there. */
  const sendsOn =
    (name: string, rest: Partial<ReturnType<ForwardHeaders>> = {}): ForwardHeaders =>
    ({ headers }) => {
      const value = headers[name];
      return { pairs: value === undefined ? [] : [name, String(value)], sharingKey: String(value), ...rest };
    };

  test('a header that the request lacks is a value of its own: a response to an anonymous request is not for all', async () => {
    const it = await world({ 'cache-control': 'public, max-age=60', vary: 'X-User' }, sendsOn('x-user'));
    const ann = { 'x-user': 'ann' };
    expect([await it.get('{ time }'), await it.get('{ time }', ann)]).toEqual(['t1', 't2']);
    expect([await it.get('{ time }'), await it.get('{ time }', ann)]).toEqual(['t1', 't2']);
  });

  test('also where the connector itself takes the header over', async () => {
    const it = await world({ 'cache-control': 'public, max-age=60', vary: 'X-User' });
    const mine = (user?: string) => it.get('{ mine }', user === undefined ? {} : { 'x-user': user });
    expect([await mine(), await mine('ann'), await mine()]).toEqual(['nobody', 'ann', 'nobody']);
    expect(it.api.calls).toHaveLength(2);
  });

  test('an API that does not say that it varies poisons nothing for those who say who they are', async () => {
    const it = await world({ 'cache-control': 'max-age=60' }, sendsOn('authorization'));
    const ann = { authorization: 'ann' };
    expect([await it.get('{ time }'), await it.get('{ time }', ann)]).toEqual(['t1', 't2']);
    expect(await it.get('{ time }')).toBe('t1');
  });

  test('a header that was named once goes on counting, though not every answer names it', async () => {
    const it = await world({ 'cache-control': 'public, max-age=60', vary: 'X-User' });
    await it.get('{ mine }', { 'x-user': 'ann' });
    it.says = { headers: { 'cache-control': 'public, max-age=60' } };
    await it.get('{ mine }', { 'x-user': 'bob' });
    expect(await it.get('{ mine }', { 'x-user': 'cleo' })).toBe('cleo');
  });

  test('a header by which requests are matched in logs is none of these where a rule writes something else into it', async () => {
    const forward = sendsOn('traceparent', { correlation: new Set() });
    const it = await world({ 'cache-control': 'max-age=60' }, forward);
    expect(await asTwo(it, '{ time }', 'traceparent')).toEqual(['t1', 't2', 't3']);
    const plain = await world({ 'cache-control': 'max-age=60' }, sendsOn('traceparent'));
    expect(await asTwo(plain, '{ time }', 'traceparent')).toEqual(['t1', 't1', 't1']);
    const varying = await world({ 'cache-control': 'max-age=60', vary: 'traceparent' }, sendsOn('traceparent'));
    expect(await asTwo(varying, '{ time }', 'traceparent')).toEqual(['t1', 't2', 't3']);
  });

  test('an answer to Authorization is kept where the API says that it may be', async () => {
    expect(await twice(await world({ 'cache-control': 'max-age=60' }), '{ partner }')).toEqual(['t1', 't2']);
    expect(await twice(await world({ 'cache-control': 's-maxage=60' }), '{ partner }')).toEqual(['t1', 't1']);
    // a request without the token is a different request
    const it = await world({ 'cache-control': 's-maxage=60' });
    expect([await it.get('{ partner }'), await it.get('{ time }')]).toEqual(['t1', 't2']);
  });
});

describe('when it is stale', () => {
  test('it is confirmed by its tag, and holds again', async () => {
    const it = await world({ 'cache-control': 'max-age=60', etag: '"a"' });
    await it.get('{ time }');
    it.wait(61);
    expect(await it.get('{ time }')).toBe('t1');
    expect(it.api.calls.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"a"']);
    it.wait(59);
    expect(await it.get('{ time }')).toBe('t1');
    expect(it.api.calls).toHaveLength(2);
    it.says = { headers: { etag: '"b"' } };
    it.wait(2);
    expect(await it.get('{ time }')).toBe('t2');
  });

  test('or by its date', async () => {
    const it = await world({ 'cache-control': 'max-age=60', 'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT' });
    await it.get('{ time }');
    it.wait(61);
    await it.get('{ time }');
    expect(it.api.calls[1]?.headers['if-modified-since']).toBe('Thu, 01 Jan 2026 00:00:00 GMT');
  });

  test('it stands in for an API that fails, as long as that allows it', async () => {
    const it = await world({ 'cache-control': 'max-age=60, stale-if-error=120' });
    await it.get('{ time }');
    it.wait(61);
    it.says = { headers: {}, status: 503 };
    expect(await it.get('{ time }')).toBe('t1');
    it.says = { headers: {}, broken: true };
    expect(await it.get('{ time }')).toBe('t1');
    it.wait(120);
    expect(await it.get('{ time }')).toBe('SUBREQUEST_HTTP_ERROR');
  });

  test('and for one that is too slow', async () => {
    let isSlow = false;
    const api = await stubApi(() => (response: ServerResponse) => {
      response.writeHead(200, { 'cache-control': 'max-age=0, stale-if-error=60' });
      if (!isSlow) response.end('{"time":"t1"}');
    });
    const cache = new ApiCache(memoryCacheStore(100_000));
    const source = restSource(api, SDL, { settingsOf: () => CACHED, cache, timeoutMs: 3_000 });
    await ask(source, '{ time }');
    isSlow = true;
    expect(await ask(source, '{ time }')).toEqual({ data: { time: 't1' } });
  });

  test('not where the API says nothing of it', async () => {
    const it = await world({ 'cache-control': 'max-age=60', etag: '"a"' });
    await it.get('{ time }');
    it.wait(61);
    it.says = { headers: {}, status: 503 };
    expect(await it.get('{ time }')).toBe('SUBREQUEST_HTTP_ERROR');
  });
});

describe('at the same time', () => {
  test('equal requests are one call, which stays while somebody waits', async () => {
    const it = await world({ 'cache-control': 'max-age=60' });
    const leaving = new Cancellation();
    const gone = ask(it.source, '{ time }', {}, { ...aClient(), signal: leaving }).catch(() => 'gone');
    const staying = [it.get('{ time }'), it.get('{ time }')];
    leaving.abort();
    expect(await gone).toBe('gone');
    expect(await Promise.all(staying)).toEqual(['t1', 't1']);
    expect(it.api.calls).toHaveLength(1);
  });

  test('where an answer was for one alone, nobody waits for that of another', async () => {
    const waiting: (() => void)[] = [];
    const api = await stubApi(() => (response: ServerResponse) => {
      response.writeHead(200, { 'cache-control': 'private, max-age=60' });
      const answer = () => response.end(`{"time":"t${api.calls.length}"}`);
      if (api.calls.length === 1) answer();
      else waiting.push(answer);
    });
    const cache = new ApiCache(memoryCacheStore(100_000));
    const source = restSource(api, SDL, { settingsOf: () => CACHED, cache });
    await ask(source, '{ time }');
    const two = [ask(source, '{ time }'), ask(source, '{ time }')];
    await vi.waitFor(() => expect(waiting).toHaveLength(2));
    for (const answer of waiting) answer();
    expect(await Promise.all(two)).toEqual([{ data: { time: 't3' } }, { data: { time: 't3' } }]);
  });

  test('a call for which nobody waits any more is given up', async () => {
    const closed = vi.fn();
    const api = await stubApi(() => (response: ServerResponse) => void response.once('close', closed));
    const cache = new ApiCache(memoryCacheStore(100_000));
    const source = restSource(api, SDL, { settingsOf: () => CACHED, cache });
    const leaving = new Cancellation();
    const gone = ask(source, '{ time }', {}, { ...aClient(), signal: leaving }).catch(() => 'gone');
    await vi.waitFor(() => expect(api.calls).toHaveLength(1));
    leaving.abort();
    expect(await gone).toBe('gone');
    await vi.waitFor(() => expect(closed).toHaveBeenCalled());
  });
});

describe.skipIf(!HAS_REDIS)('in a Redis that gateways share', () => {
  test('what one has kept, the other serves; without Redis each asks for itself', async () => {
    const server = await startRedis();
    onTestFinished(() => server.close());
    const open = async () => {
      const settings = { url: server.url, key_prefix: 'rest', timeout: 2_000 };
      const redis = await createRedis(settings, createLogger({ level: 'silent' }));
      onTestFinished(() => redis.close());
      return redisCacheStore(redis, () => Date.parse('2026-01-01T00:00:00Z'));
    };
    const one = await world({ 'cache-control': 'public, max-age=60', vary: 'x-user' }, undefined, await open());
    const cache = new ApiCache(await open(), () => Date.parse('2026-01-01T00:00:10Z'));
    const other = restSource(one.api, SDL, { settingsOf: () => CACHED, cache });
    expect(await one.get('{ mine }', { 'x-user': 'ann' })).toBe('ann');
    expect(await ask(other, '{ mine }', {}, aClient({ 'x-user': 'ann' }))).toEqual({ data: { mine: 'ann' } });
    expect(await ask(other, '{ mine }', {}, aClient({ 'x-user': 'bob' }))).toEqual({ data: { mine: 'bob' } });
    expect(one.api.calls).toHaveLength(2);
    await server.close();
    expect(await ask(other, '{ mine }', {}, aClient({ 'x-user': 'ann' }))).toEqual({ data: { mine: 'ann' } });
    expect(one.api.calls).toHaveLength(3);
  });
});
