import type { RequestListener } from 'node:http';
import { describe, expect, it } from 'vitest';
import { deadUrl, fakeSubgraph } from '../sources/fake-subgraph.ts';
import { gatewayOver } from '../sources/stitched/gateway.ts';

const SCHEMA = `extend schema @subgraph(url: "http://127.0.0.1:1/graphql")
type Query { hello(n: Int): String }
type Mutation { greet(n: Int): String }`;

const healthy: RequestListener = (request, response) => {
  let body = '';
  request.on('data', (chunk) => {
    body += chunk;
  });
  request.on('end', () => {
    const field = body.includes('greet') ? 'greet' : 'hello';
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ data: { [field]: 'hi' } }));
  });
};

/** Ways in which one of three URLs fails. */
const FAULTS: Readonly<Record<string, RequestListener>> = {
  'answers 500': (request, response) => void request.resume().on('end', () => response.writeHead(500).end('oops')),
  'answers with garbage': (request, response) => void request.resume().on('end', () => response.end('<html>')),
  hangs: (request) => void request.resume(),
  'closes each connection': (request) => void request.socket.destroy(),
  'stops in the middle of a response': (request, response) => {
    request.resume().on('end', () => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('{"data":', () => response.destroy());
    });
  },
};

const isServed = ({ data }: { readonly data?: { hello?: unknown; greet?: unknown } | null }) =>
  data?.hello === 'hi' || data?.greet === 'hi';

/** A gateway over three URLs, of which the first behaves as the test says. */
async function gateway(first: string, more: object = {}, shaping: object = {}) {
  const others = [await fakeSubgraph(healthy), await fakeSubgraph(healthy)];
  const urls = [first, ...others.map(({ url }) => url)].map((url) => ({ url }));
  return gatewayOver(
    { stock: SCHEMA },
    {
      subgraphs: { stock: { urls, outlier_detection: { consecutive_failures: 2, ejection_time: '1h' }, ...more } },
      traffic_shaping: { all: { timeout: '500ms', ...shaping } },
      telemetry: { metrics: { prometheus: { enabled: true, listen: '127.0.0.1:0' } } },
    },
  );
}

describe('one of three URLs', () => {
  it.each(Object.entries(FAULTS))('%s: after it is ejected, no request fails', async (_, fault) => {
    const bad = await fakeSubgraph(fault);
    const { ask, lines } = await gateway(bad.url);
    let n = 0;
    await expect
      .poll(async () => {
        await ask(`{ hello(n: ${n++}) }`);
        return lines.filter(({ msg }) => msg === 'endpoint ejected: requests to it fail').length;
      })
      .toBe(1);
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, at) =>
        ask(at % 2 ? `{ hello(n: ${1_000 + at}) }` : `mutation { greet(n: ${at}) }`),
      ),
    );
    expect(answers.filter(isServed).length).toBe(60);
  });

  it('answers 500 until its circuit breaker opens: then it gets no request, and the others have closed circuits', async () => {
    let received = 0;
    const bad = await fakeSubgraph((request, response) => {
      received++;
      request.resume().on('end', () => response.writeHead(500).end('oops'));
    });
    const neverEjected = { outlier_detection: { consecutive_failures: 1_000, ejection_time: '1h' } };
    const { ask } = await gateway(bad.url, neverEjected, {
      circuit_breaker: { consecutive_failures: 3, reset_timeout: '1h' },
    });
    for (let n = 0; n < 12; n++) await ask(`{ hello(n: ${n}) }`);
    expect(received).toBe(3);
    const answers = await Promise.all(Array.from({ length: 30 }, (_, at) => ask(`{ hello(n: ${100 + at}) }`)));
    expect(answers.filter(isServed).length).toBe(30);
    expect(received).toBe(3);
  });

  it('refuses connections: no request fails at all, reads and mutations alike', async () => {
    const { ask, lines } = await gateway(await deadUrl());
    const answers = [];
    for (let n = 0; n < 30; n++) answers.push(await ask(n % 2 ? `{ hello(n: ${n}) }` : `mutation { greet(n: ${n}) }`));
    expect(answers.filter(isServed).length).toBe(30);
    expect(lines.map(({ msg }) => msg)).toContain('endpoint ejected: requests to it fail');
  });

  it('fails its health checks: it gets no request until they succeed again', async () => {
    let isUp = false;
    let received = 0;
    const one = await fakeSubgraph((request, response) => {
      if (request.url === '/health') response.writeHead(isUp ? 200 : 503).end();
      else {
        received++;
        healthy(request, response);
      }
    });
    const { ask, lines } = await gateway(one.url, {
      health_check: { path: '/health', interval: '20ms', unhealthy: 1, healthy: 1 },
    });
    // the two others have no such path, and answer all the same
    await expect.poll(() => lines.map(({ msg }) => msg)).toContain('endpoint unhealthy: its health checks fail');
    received = 0;
    for (let n = 0; n < 12; n++) expect(isServed(await ask(`{ hello(n: ${n}) }`))).toBe(true);
    expect(received).toBe(0);
    isUp = true;
    await expect.poll(() => lines.map(({ msg }) => msg)).toContain('endpoint healthy again');
    for (let n = 20; n < 32; n++) expect(isServed(await ask(`{ hello(n: ${n}) }`))).toBe(true);
    expect(received).toBe(4);
  });

  it('answers health checks with no GraphQL result, where no path is set', async () => {
    const bad = await fakeSubgraph(FAULTS['answers with garbage'] as RequestListener);
    const { lines } = await gateway(bad.url, { health_check: { interval: '20ms' } });
    await expect
      .poll(() => lines.find(({ msg }) => msg === 'endpoint unhealthy: its health checks fail'))
      .toMatchObject({ url: bad.url, reason: 'response is no GraphQL result' });
  });
});

it('requests of one user go to one URL with consistent hashing', async () => {
  const seen = [new Set<unknown>(), new Set<unknown>(), new Set<unknown>()];
  const servers = await Promise.all(
    seen.map((users) =>
      fakeSubgraph((request, response) => {
        users.add(request.headers['x-user']);
        healthy(request, response);
      }),
    ),
  );
  const { ask } = await gatewayOver(
    { stock: SCHEMA },
    {
      subgraphs: {
        stock: {
          urls: servers.map(({ url }) => ({ url })),
          load_balancing: { policy: 'consistent_hash', hash_by: 'header:x-user' },
        },
      },
      headers: { all: { request: [{ propagate: { named: 'x-user' } }] } },
    },
  );
  for (let n = 0; n < 40; n++) await ask(`{ hello(n: ${n}) }`, { headers: { 'x-user': `user ${n % 10}` } });
  expect(seen.map(({ size }) => size).reduce((sum, size) => sum + size)).toBe(10);
});
