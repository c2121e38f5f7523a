import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { project, runCli, startCli } from './run-cli.ts';
import { PATIENCE, post, schema, slowSubgraph, urlOf } from './started-gateway.ts';

test('start --supergraph serves that file alone: schemas and endpoints beside it are not its own', async () => {
  const subgraph = await slowSubgraph();
  subgraph.release();
  const dir = await project({
    'schemas/hello.graphql': schema(subgraph.url),
    'other/schemas/broken.graphql': 'type {',
    'other/bff/web/product.graphql': 'query ($id: ID!) @endpoint(path: "/product/:id") { product(id: $id) { name } }',
    'other/bff-of-its-own/web/hello.graphql': '{ hello }',
  });
  const composed = join(dir, 'supergraph.graphql');
  expect(await runCli(dir, ['compose', '--out', composed])).toMatchObject({ code: 0 });
  const other = join(dir, 'other');
  const validated = await runCli(other, ['validate', '--supergraph', composed]);
  expect(validated).toMatchObject({ code: 0, stdout: expect.stringContaining('endpoints  none') });

  const alone = startCli(other, ['start', '--port', '0', '--supergraph', composed]);
  const url = await urlOf(alone);
  expect(await post(url, '{ hello }')).toEqual({ data: { hello: 'from the subgraph' } });
  expect((await fetch(new URL('/bff/web/product/1', url))).status).toBe(404);
  expect(alone.output.stdout).not.toContain('problems');

  const flags = ['--supergraph', composed, '--bff', 'bff-of-its-own'];
  const withEndpoints = await urlOf(startCli(other, ['start', '--port', '0', ...flags]));
  const answer = await fetch(new URL('/bff/web/hello', withEndpoints));
  expect(await answer.json()).toEqual({ hello: 'from the subgraph' });
});

test('limits and what clients see of subgraph errors are as the config says', async () => {
  const subgraph = createServer((request, response) => {
    request.resume();
    response.setHeader('content-type', 'application/json');
    response.end('{"data":{"hello":null},"errors":[{"message":"no row 7","path":["hello"]}]}');
  });
  await new Promise<void>((resolve) => subgraph.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void subgraph.close());
  const { port } = subgraph.address() as AddressInfo;
  const dir = await project({
    'schemas/hello.graphql': schema(`http://127.0.0.1:${port}/graphql`),
    'headgate.yaml': 'limits: { parser_max_tokens: 3 }\ninclude_subgraph_errors: { all: false }',
  });
  const cli = startCli(dir, ['start', '--port', '0']);
  const url = await urlOf(cli);
  expect(await post(url, '{ hello hello }')).toMatchObject({ errors: [{ extensions: { code: 'MAX_TOKENS_LIMIT' } }] });
  expect(await post(url, '{ hello }')).toMatchObject({
    data: { hello: null },
    errors: [{ message: 'The subgraph "hello" reported an error.', extensions: { service: 'hello' } }],
  });
  await vi.waitFor(() => expect(cli.output.stdout).toContain('no row 7'), PATIENCE);
});

test('a second signal ends at once', async () => {
  const subgraph = await slowSubgraph();
  const cli = startCli(await project({ 'schemas/hello.graphql': schema(subgraph.url) }), ['start', '--port', '0']);
  const url = await urlOf(cli);
  const answer = post(url, '{ hello }').catch(() => 'cut off');
  await subgraph.asked;
  cli.kill('SIGINT');
  await vi.waitFor(() => expect(fetch(url)).rejects.toThrow(), PATIENCE);
  cli.kill('SIGINT');
  expect((await cli.ended).code).toBe(130);
  expect(await answer).toBe('cut off');
});

test('dev goes on at its port when the config names one that is taken', async () => {
  const subgraph = await slowSubgraph();
  subgraph.release();
  const listen = (port: string) => `supergraph: { listen: "127.0.0.1:${port}" }`;
  const dir = await project({ 'schemas/hello.graphql': schema(subgraph.url), 'headgate.yaml': listen('0') });
  const cli = startCli(dir, ['dev']);
  const url = await urlOf(cli);
  await writeFile(join(dir, 'headgate.yaml'), listen(new URL(subgraph.url).port));
  await vi.waitFor(() => expect(cli.output.stderr).toContain('keeping the last good one'), PATIENCE);
  expect(cli.output.stderr).toContain('the port is in use');
  expect(await post(url, '{ hello }')).toEqual({ data: { hello: 'from the subgraph' } });
});
