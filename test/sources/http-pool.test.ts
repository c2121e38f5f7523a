import type { ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Cancellation } from '../../src/sources/cancellation.ts';
import { type PoolSettings, randomAge } from '../../src/sources/http/http-pool.ts';
import { createHttpPools } from '../../src/sources/http/http-pools.ts';
import { createHttpSource } from '../../src/sources/http/http-source.ts';
import { type Lookup, rotated } from '../../src/sources/http/spread-lookup.ts';
import type { Source, SubgraphResponse } from '../../src/sources/source.ts';
import { fakeSubgraph } from './fake-subgraph.ts';

function ask(source: Source): Promise<SubgraphResponse> {
  const client = { requestId: 'r', headers: {} };
  return new Promise((resolve) => source.send({ body: '{}', operationType: 'query', client }, resolve));
}

function sourceOf(url: string, pool: PoolSettings = {}, name = 'products', pools = createHttpPools()): Source {
  const source = createHttpSource({ name, url, pool, pools, timeoutMs: 60_000 });
  onTestFinished(() => source.close());
  return source;
}

describe('a pool', () => {
  it('belongs to one subgraph: a hung neighbour behind the same origin takes no connection from it', async () => {
    const held: ServerResponse[] = [];
    const { url } = await fakeSubgraph((request, response) => {
      if (request.url === '/hung') held.push(response);
      else response.end('{"data":{}}');
    });
    const pools = createHttpPools();
    const hung = sourceOf(new URL('/hung', url).href, { connections: 2 }, 'hung', pools);
    const quick = sourceOf(new URL('/quick', url).href, { connections: 2 }, 'quick', pools);
    const waiting = Array.from({ length: 10 }, () => ask(hung));
    await expect.poll(() => held.length).toBe(2);
    expect(await ask(quick)).toMatchObject({ kind: 'text', status: 200 });
    expect(held.length).toBe(2);
    // lets go of those that wait
    const answered = new Set<ServerResponse>();
    await expect
      .poll(() => {
        for (const response of held) if (!answered.has(response)) response.end('{"data":{}}');
        for (const response of held) answered.add(response);
        return answered.size;
      })
      .toBe(10);
    await Promise.all(waiting);
  });

  it('of one subgraph has room again when a call that waits is cancelled', async () => {
    const held: ServerResponse[] = [];
    const { url } = await fakeSubgraph((_request, response) => void held.push(response));
    const source = sourceOf(url, { connections: 1, queue: 1 });
    const send = (signal?: Cancellation) =>
      new Promise<SubgraphResponse>((resolve) => {
        const client = { requestId: 'r', headers: {}, signal };
        source.send({ body: '{}', operationType: 'query', client }, resolve);
      });
    const first = send();
    await expect.poll(() => held.length).toBe(1);
    for (let round = 0; round < 3; round++) {
      const cancellation = new Cancellation();
      const cancelled = send(cancellation);
      cancellation.abort();
      expect(await cancelled).toMatchObject({ kind: 'failure', failure: { reason: 'request aborted' } });
    }
    const waiting = send();
    expect(await send()).toMatchObject({ kind: 'failure', failure: { code: 'SUBREQUEST_QUEUE_FULL' } });
    held[0]?.end('{"data":{}}');
    await expect.poll(() => held.length).toBe(2);
    held[1]?.end('{"data":{}}');
    expect(await Promise.all([first, waiting])).toMatchObject([{ status: 200 }, { status: 200 }]);
  });

  it('shares the connections of an origin with the other subgraphs there', async () => {
    const { url, connections } = await fakeSubgraph((_request, response) => void response.end('{"data":{}}'));
    const pools = createHttpPools();
    const sources = ['a', 'b', 'c'].map((name) => sourceOf(url, {}, name, pools));
    for (const source of sources) {
      await ask(source);
      // in the next turn, the connection is free
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(connections.length).toBe(1);
  });

  it('lets only so many calls wait for a connection; the next fails at once', async () => {
    const held: ServerResponse[] = [];
    const { url } = await fakeSubgraph((_request, response) => void held.push(response));
    const source = sourceOf(url, { connections: 1, queue: 2 });
    const served = ask(source);
    await expect.poll(() => held.length).toBe(1);
    const waiting = [ask(source), ask(source)];
    expect(await ask(source)).toEqual({
      kind: 'failure',
      failure: {
        code: 'SUBREQUEST_QUEUE_FULL',
        message: 'Subgraph "products" did not answer: too many requests wait for a connection.',
        reason: 'too many requests wait for a connection',
        isUnsent: true,
      },
    });
    for (const call of [served, ...waiting]) {
      await expect.poll(() => held.length).toBe(1);
      held.pop()?.end('{"data":{}}');
      expect(await call).toMatchObject({ kind: 'text' });
    }
  });

  it('replaces a connection that has reached its largest age, without losing a call', async () => {
    const { url, connections } = await fakeSubgraph((_request, response) => void response.end('{"data":{}}'));
    const source = sourceOf(url, { connections: 1, maxAgeMs: 20 });
    const answers = new Set<string>();
    await expect
      .poll(async () => {
        answers.add((await ask(source)).kind);
        return connections.length;
      })
      .toBeGreaterThan(3);
    expect([...answers]).toEqual(['text']);
  });
});

describe('a host with several addresses', () => {
  const lookup = (...addresses: string[]): Lookup =>
    Object.assign((...[_host, _options, done]: Parameters<Lookup>) =>
      done(
        null,
        addresses.map((address) => ({ address, family: 4 })),
      ),
    );

  /** Servers on one port of several addresses; each answers with its address. */
  async function servers(...addresses: string[]): Promise<number> {
    let port = 0;
    for (const address of addresses) {
      const server = createServer((_request, response) => void response.end(`{"data":{"at":"${address}"}}`));
      await new Promise<void>((resolve) => server.listen(port, address, resolve));
      port = (server.address() as AddressInfo).port;
      onTestFinished(() => {
        server.close();
        server.closeAllConnections();
      });
    }
    return port;
  }

  const textOf = (response: SubgraphResponse) => (response.kind === 'text' ? response.text : response.kind);

  it('gets connections to each of them', async () => {
    const addresses = ['127.0.0.1', '127.0.0.2', '127.0.0.3'];
    const url = `http://many.test:${await servers(...addresses)}/`;
    const source = sourceOf(url, { lookup: lookup(...addresses) });
    const answers = await Promise.all(Array.from({ length: 9 }, () => ask(source)));
    const counts = addresses.map((address) => answers.filter((one) => textOf(one).includes(address)).length);
    expect(counts).toEqual([3, 3, 3]);
  });

  it('is served by the others when one of them refuses', async () => {
    const url = `http://many.test:${await servers('127.0.0.1', '127.0.0.2')}/`;
    const source = sourceOf(url, { lookup: lookup('127.0.0.1', '127.0.0.2', '127.0.0.3') });
    const answers = await Promise.all(Array.from({ length: 9 }, () => ask(source)));
    expect(answers.map(({ kind }) => kind)).toEqual(answers.map(() => 'text'));
  });

  it('is looked up again for each connection: an address that is added gets its share after the largest age', async () => {
    const url = `http://many.test:${await servers('127.0.0.1', '127.0.0.2')}/`;
    const known = ['127.0.0.1'];
    const source = sourceOf(url, { maxAgeMs: 20, lookup: (...args) => lookup(...known)(...args) });
    expect(textOf(await ask(source))).toContain('127.0.0.1');
    known.push('127.0.0.2');
    await expect.poll(async () => textOf(await ask(source))).toContain('127.0.0.2');
  });
});

describe('the order of addresses', () => {
  const four = (address: string) => ({ address, family: 4 });
  const six = (address: string) => ({ address, family: 6 });

  it('starts with each address in turn, in whatever order the server of DNS gives them', () => {
    const first = (turn: number, ...addresses: string[]) => rotated(addresses.map(four), turn)[0]?.address;
    expect([first(0, 'a', 'b', 'c'), first(1, 'b', 'c', 'a'), first(2, 'c', 'a', 'b')]).toEqual(['a', 'b', 'c']);
  });

  it('has the family that the system prefers first, since there may be no route to the other', () => {
    expect(rotated([four('a'), six('x'), four('b')], 1).map(({ address }) => address)).toEqual(['b', 'a', 'x']);
  });
});

it('connections have few different ages, from four fifths of the largest one on', () => {
  const ages = Array.from({ length: 10_000 }, () => randomAge(300_000));
  expect(new Set(ages).size).toBe(32);
  expect(Math.max(...ages)).toBe(300_000);
  expect(Math.min(...ages)).toBeGreaterThan(240_000);
});
