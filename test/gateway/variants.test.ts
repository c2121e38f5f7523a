import type { RequestListener } from 'node:http';
import { expect, it } from 'vitest';
import { fakeSubgraph } from '../sources/fake-subgraph.ts';
import { gatewayOver } from '../sources/stitched/gateway.ts';

const answering =
  (hello: string): RequestListener =>
  (request, response) =>
    void request.resume().on('end', () => response.end(JSON.stringify({ data: { hello, greet: hello } })));

const schemaOf = (url: string) => `extend schema @subgraph(url: "${url}")
type Query { hello(n: Int): String }
type Mutation { greet: String }`;

it('requests with a header or cookie go to their variant, the others to the subgraph', async () => {
  const base = await fakeSubgraph(answering('base'));
  const [next, old] = [await fakeSubgraph(answering('next')), await fakeSubgraph(answering('old'))];
  const variants = [
    { name: 'next', urls: [{ url: next.url }], match: { header: { name: 'X-Version', value: 'next' } } },
    { name: 'old', urls: [{ url: old.url }], match: { cookie: { name: 'old' } } },
  ];
  const { ask } = await gatewayOver({ stock: schemaOf(base.url) }, { subgraphs: { stock: { variants } } });
  const greet = async (headers: Record<string, string>) =>
    (await ask('mutation { greet }', { headers })).data?.greet as string;
  expect([
    await greet({}),
    await greet({ 'x-version': 'next' }),
    await greet({ 'x-version': 'other' }),
    await greet({ cookie: 'a=1; old=' }),
  ]).toEqual(['base', 'next', 'base', 'old']);
});

it('a mirror gets the reads, and the client never waits for it', async () => {
  const base = await fakeSubgraph(answering('base'));
  const bodies: string[] = [];
  // it never answers
  const mirror = await fakeSubgraph((request) => void request.on('data', (chunk) => bodies.push(String(chunk))));
  const { ask } = await gatewayOver(
    { stock: schemaOf(base.url) },
    { subgraphs: { stock: { mirror: { url: mirror.url } } } },
  );
  for (let n = 0; n < 5; n++) expect(await ask(`{ hello(n: ${n}) }`)).toEqual({ data: { hello: 'base' } });
  expect(await ask('mutation { greet }')).toEqual({ data: { greet: 'base' } });
  await expect.poll(() => bodies.length).toBe(5);
  expect(bodies.filter((body) => body.includes('mutation'))).toEqual([]);
});
