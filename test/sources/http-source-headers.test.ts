import { describe, expect, it, onTestFinished } from 'vitest';
import { createHttpSource, type HttpSourceOptions } from '../../src/sources/http/http-source.ts';
import type { SubgraphResponse } from '../../src/sources/source.ts';
import { fakeSubgraph } from './fake-subgraph.ts';

function ask(url: string, options: Partial<HttpSourceOptions>): Promise<SubgraphResponse> {
  const source = createHttpSource({ name: 'products', url, ...options });
  onTestFinished(() => source.close());
  const client = { requestId: 'r', headers: { 'x-tenant': 't1' } };
  return new Promise((resolve) => source.send({ body: '{}', operationType: 'query', client }, resolve));
}

describe('what is made of the client’s headers', () => {
  it('goes beside the source’s own, and before those of the same name', async () => {
    const { url } = await fakeSubgraph((req, res) => void res.end(JSON.stringify({ data: req.headers })));
    const withPassword = url.replace('//', '//service:secret@');
    const forward = (pairs: string[]) => () => ({ pairs, sharingKey: '' });
    const dataOf = (answer: SubgraphResponse) => JSON.parse((answer as { text: string }).text).data;

    const own = dataOf(await ask(withPassword, { forward: forward([]) }));
    expect(own).toMatchObject({ authorization: `Basic ${btoa('service:secret')}`, 'content-type': 'application/json' });
    const both = dataOf(await ask(withPassword, { forward: forward(['x-tenant', 'authorization']) }));
    expect(both).toMatchObject({ authorization: own.authorization, 'x-tenant': 'authorization' });
    const replaced = dataOf(await ask(withPassword, { forward: forward(['authorization', 'Bearer x']) }));
    expect(replaced).toMatchObject({ authorization: 'Bearer x', 'content-type': 'application/json' });
  });
});

describe('headers of the answer', () => {
  it('are handed on only where they were asked for', async () => {
    const { url } = await fakeSubgraph((_req, res) => {
      res.writeHead(200, ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'X-Region', 'eu']).end('{"data":{}}');
    });
    expect(await ask(url, {})).toEqual({ kind: 'text', text: '{"data":{}}', status: 200, mayHaveLongNumbers: false });
    const answer = await ask(url, { returnsHeaders: true });
    expect(answer).toMatchObject({ headers: expect.arrayContaining(['set-cookie', 'a=1', 'b=2', 'x-region', 'eu']) });
  });
});
