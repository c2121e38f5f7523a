import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createGateway, createLogger } from '../../src/index.ts';
import { project } from '../cli/run-cli.ts';
import { fakeSubgraph } from '../sources/fake-subgraph.ts';

/** One endpoint, `/bff/web/hello`, of which `search` may fail alone; `directive` stands on that field. */
async function endpoint(rateLimits: object, directive = '') {
  const subgraph = await fakeSubgraph((_req, res) => {
    res.setHeader('content-type', 'application/json').end('{"data":{"hello":"you","search":"found"}}');
  });
  const dir = await project({
    'schemas/hello.graphql': `extend schema @subgraph(url: "${subgraph.url}")\ntype Query { hello: String search: String ${directive} }`,
    'bff/web/hello.graphql': 'query Hello @endpoint(path: "/hello") { hello search @optional }',
  });
  const gateway = await createGateway({
    schemas: join(dir, 'schemas'),
    bff: join(dir, 'bff'),
    config: { rate_limits: rateLimits },
    logger: createLogger({ level: 'silent' }),
  });
  onTestFinished(() => gateway.close());
  const { url } = await gateway.listen({ port: 0, host: '127.0.0.1' });
  return new URL('/bff/web/hello', url).href;
}

test('limits of whole requests hold for endpoints: each request counts, also where answers are shared', async () => {
  const url = await endpoint({ requests: [{ name: 'all', limit: 2, window: '1d' }] });
  const answers = await Promise.all([fetch(url), fetch(url), fetch(url), fetch(url)]);
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 429, 429]);
  const served = answers.find(({ status }) => status === 200);
  expect(served?.headers.get('ratelimit-policy')).toBe('"all";q=2;w=86400');
  const refused = answers.find(({ status }) => status === 429);
  expect(refused?.headers.get('content-type')).toContain('application/problem+json');
  expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(40_000);
  expect(await refused?.json()).toMatchObject({ type: 'urn:headgate:problem:rate-limited', status: 429 });
});

test('limits of fields hold for endpoints: a section that may fail alone is named in meta.partial', async () => {
  const url = await endpoint({}, '@rateLimit(limit: 1, window: "1d")');
  expect(await (await fetch(url)).json()).toEqual({ hello: 'you', search: 'found' });
  expect(await (await fetch(url)).json()).toEqual({
    hello: 'you',
    search: null,
    meta: {
      partial: [{ path: ['search'], code: 'RATE_LIMITED', message: expect.stringContaining('Too many requests') }],
    },
  });
});
