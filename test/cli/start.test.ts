import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { project, startCli } from './run-cli.ts';
import { PATIENCE, post, schema, slowSubgraph, urlOf } from './started-gateway.ts';

test('start serves; SIGTERM lets what is in flight be answered, then exits 0', async () => {
  const subgraph = await slowSubgraph();
  const cli = startCli(await project({ 'schemas/hello.graphql': schema(subgraph.url) }), ['start', '--port', '0']);
  const url = await urlOf(cli);

  const answer = post(url, '{ hello }');
  await subgraph.asked;
  cli.kill('SIGTERM');
  await vi.waitFor(() => expect(fetch(url)).rejects.toThrow(), PATIENCE);
  subgraph.release();
  expect(await answer).toEqual({ data: { hello: 'from the subgraph' } });
  expect((await cli.ended).code).toBe(0);
});

test('start without good schemas says why and exits 1', async () => {
  const { code, stderr } = await startCli(await project({ 'schemas/a.graphql': 'type {' }), ['start']).ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(/^schemas\/a\.graphql:1:6 {2}\[a\] INVALID_GRAPHQL {2}Syntax Error/);
});

test('start on a port that is taken says so and exits 1', async () => {
  const subgraph = await slowSubgraph();
  const dir = await project({ 'schemas/hello.graphql': schema(subgraph.url) });
  const { code, stderr } = await startCli(dir, ['start', '--port', new URL(subgraph.url).port]).ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^Cannot listen on 127\.0\.0\.1:\d+: the port is in use\. .+ choose another port with --port .+\n$/,
  );
});

test('dev takes up a changed schema, keeps the last good one, and takes up a config that is new or changed', async () => {
  const subgraph = await slowSubgraph();
  subgraph.release();
  const dir = await project({ 'schemas/hello.graphql': schema(subgraph.url) });
  const write = async (file: string, text: string) => {
    await writeFile(join(dir, 'saved'), text);
    await rename(join(dir, 'saved'), join(dir, file));
  };
  const cli = startCli(dir, ['dev', '--port', '0']);
  const url = await urlOf(cli);
  const bye = '{ __type(name: "Query") { fields { name } } }';
  expect(await post(url, bye)).toEqual({ data: { __type: { fields: [{ name: 'hello' }] } } });

  await write('schemas/hello.graphql', 'type {');
  await vi.waitFor(() => expect(cli.output.stdout).toContain('INVALID_GRAPHQL'), PATIENCE);
  expect(await post(url, '{ hello }')).toEqual({ data: { hello: 'from the subgraph' } });

  await write('schemas/hello.graphql', schema(subgraph.url, 'hello: String bye: String'));
  const both = { data: { __type: { fields: [{ name: 'hello' }, { name: 'bye' }] } } };
  await vi.waitFor(async () => expect(await post(url, bye)).toEqual(both), PATIENCE);

  await write('headgate.yaml', 'supergraph: { introspection: no idea }');
  await vi.waitFor(
    () => expect(cli.output.stderr).toContain('supergraph.introspection: expected true or false'),
    PATIENCE,
  );
  await write('headgate.yaml', 'persisted_queries: { enabled: true, manifest: [absent.json] }');
  await vi.waitFor(() => expect(cli.output.stderr).toContain('absent.json: the manifest cannot be read'), PATIENCE);
  await write('headgate.yaml', 'supergraph: { introspection: false }');
  await vi.waitFor(async () => expect(await post(url, bye)).toHaveProperty('errors'), PATIENCE);

  cli.kill('SIGTERM');
  expect((await cli.ended).code).toBe(0);
});
