import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { expect, test, vi } from 'vitest';
import { ByteBudget } from '../../../src/shared/byte-budget.ts';
import { ask, restSource, stubApi } from './stub-api.ts';

const LARGE = 80_000;
const SDL = `
  type Query {
    slow: String @connect(source: "api", http: {GET: "/slow"}, selection: "$.text")
    text: String @connect(source: "api", http: {GET: "/text"}, selection: "$.text")
    zipped: String @connect(source: "api", http: {GET: "/zipped"}, selection: "$.text")
    small: String @connect(source: "api", http: {GET: "/small"}, selection: "$.text")
  }
  type Mutation { set: String @connect(source: "api", http: {POST: "/text"}, selection: "$.text") }`;

test('responses of APIs that do not fit are refused, decompressed ones, too; those of writes are not', async () => {
  const budget = new ByteBudget({ limit: 100_000 });
  let slow: ServerResponse | undefined;
  const body = JSON.stringify({ text: 'x'.repeat(LARGE) });
  const api = await stubApi(({ url }) => (response: ServerResponse) => {
    if (url === '/slow') {
      slow = response;
      response.write(body.slice(0, -10));
    } else if (url === '/zipped') response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(body));
    else response.end(url === '/small' ? '{"text":"small"}' : body);
  });
  const source = restSource(api, SDL, { byteBudget: budget });
  const first = ask(source, '{ slow }');
  await vi.waitFor(() => expect(budget.held).toBe(body.length - 10));

  const refused = { errors: [{ extensions: { code: 'OVERLOADED', retryAfter: 1, service: 'shop' } }] };
  expect(await ask(source, '{ text }')).toMatchObject(refused);
  expect(await ask(source, '{ zipped }')).toMatchObject(refused);
  expect(await ask(source, '{ small }')).toMatchObject({ data: { small: 'small' } });
  expect(await ask(source, 'mutation { set }')).toMatchObject({ data: { set: 'x'.repeat(LARGE) } });

  slow?.end(body.slice(-10));
  expect(await first).toMatchObject({ data: { slow: 'x'.repeat(LARGE) } });
  expect(budget.held).toBe(0);
  expect(await ask(source, '{ zipped }')).toMatchObject({ data: { zipped: 'x'.repeat(LARGE) } });
  expect(budget.held).toBe(0);
});
