import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkDebugToken } from '../../src/policy/debug/debug-token.ts';
import { httpWorld } from '../gateway/http-world.ts';
import { project, runCli } from './run-cli.ts';

const SECRET = 'a secret of thirty-two characters';
const byId = { __resolveReference: (reference: object) => reference };

async function shop(options: Parameters<typeof httpWorld>[1]) {
  const world = await httpWorld(
    {
      products: {
        typeDefs: 'type Query { products: [Product] } type Product @key(fields: "id") { id: ID! name: String }',
        resolvers: {
          Query: {
            products: () => [
              { id: 'p1', name: 'Lamp' },
              { id: 'p2', name: null },
            ],
          },
        },
      },
      stock: {
        typeDefs: 'type Product @key(fields: "id") { id: ID! inStock: Int! }',
        resolvers: { Product: { ...byId, inStock: () => 7 } },
      },
    },
    options,
  );
  world.behave('stock', (_, res) => void res.writeHead(503).end());
  return world;
}

const QUERY = 'query Shelf { products { name inStock } }';

describe('headgate explain', () => {
  it('prints each null with its causes, and the fetches', async () => {
    const { server } = await shop({ dev: true });
    const { code, stdout, stderr } = await runCli(
      await project(),
      ['explain', '--query', '-', '--url', server.url],
      QUERY,
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const shown = stdout.replaceAll(/\d+(\.\d+)? ms/g, 'T ms').replaceAll(/ \d+(\.\d+)?(?=[,)])/g, ' T');
    expect(shown).toContain(`products[0], products[1] are null:
  · products[0].inStock is missing. Product.inStock has the type Int!, so null propagates to products[0].
  · Fetch #1 to "stock" failed: HTTP status 503 without a GraphQL result (SUBREQUEST_HTTP_ERROR).
`);
    expect(shown).toMatch(
      /^query Shelf in T ms \(receive T, parse T, plan T, execute T\), plan not cached, request \S+\n/,
    );
    expect(shown).toMatch(
      /\n {2}#0 products: T ms \+ T ms, status T, \d+ bytes\n {7}\{products\{.*\}\}\n {7}POST http:\S+ at T ms: T, T ms\n/,
    );
    expect(shown).toMatch(/\n {2}#1 stock: T ms \+ T ms, status T, .*, 2 representations, request after #0\n/);
  });

  it.each([
    ['{ nope }', [], ['Cannot query field "nope" on type "Query". (GRAPHQL_VALIDATION_FAILED), at 1:3']],
    ['{ products { name }', [], ['(GRAPHQL_PARSE_FAILED), at 1:20']],
    [QUERY, ['--operation', 'Nope'], ['Nope']],
    ['query Q($skip: Boolean!) { products { name @skip(if: $skip) } }', [], ['$skip', ', at 1:9']],
  ])('prints why %s %j is refused, and fails', async (query, flags, expected) => {
    const { server } = await shop({ dev: true });
    const args = ['explain', '--query', '-', '--url', server.url, ...flags];
    const { code, stdout } = await runCli(await project(), args, query);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^The operation returned no data:\n {2}· /);
    for (const text of expected) expect(stdout.split('\n')[1]).toContain(text);
    expect(stdout).not.toContain('No null has another cause');
    const asJson = await runCli(await project(), [...args, '--format', 'json'], query);
    expect(asJson.code).toBe(1);
    const { errors, requestId } = JSON.parse(asJson.stdout);
    expect([errors[0].extensions.code, typeof requestId]).toEqual([expect.stringMatching(/^[A-Z_]+$/), 'string']);
  });

  it('prints the problem of an endpoint, and fails', async () => {
    const problem = { type: 'urn:headgate:problem:upstream-unavailable', title: 'Service Unavailable', status: 503 };
    const trace = {
      requestId: 'r1',
      durationMs: 1,
      phases: {},
      policies: [],
      fetches: [],
      nulls: [],
      nullsOfSubgraphs: 0,
    };
    const saved = JSON.stringify({ ...problem, detail: 'No subgraph responds.', code: 'DOWN', headgate: trace });
    const dir = await project({ 'saved.json': saved });
    const { code, stdout } = await runCli(dir, ['explain', '--response', 'saved.json']);
    expect(code).toBe(1);
    expect(stdout).toContain(`The endpoint responded with 503 Service Unavailable (${problem.type}):
  · No subgraph responds.
  · code: "DOWN"

request in 1 ms, request r1
`);
    const asJson = await runCli(dir, ['explain', '--response', 'saved.json', '--format', 'json']);
    expect([asJson.code, JSON.parse(asJson.stdout)]).toEqual([
      1,
      { problem: { ...problem, detail: 'No subgraph responds.', code: 'DOWN' }, ...trace },
    ]);
  });

  it('a result that is null because of an explained null is no refusal', async () => {
    const { server } = await shop({ dev: true });
    const query = '{ products { name } }';
    const { code, stdout } = await runCli(await project(), ['explain', '--query', '-', '--url', server.url], query);
    expect([code, stdout]).toEqual([0, expect.stringContaining('1 null was returned by the subgraphs themselves.')]);
  });

  it('explains a saved response, as text and as JSON', async () => {
    const { server } = await shop({ dev: true });
    const headers = { 'content-type': 'application/json', 'x-headgate-debug': 'trace' };
    const response = await fetch(server.url, { method: 'POST', headers, body: JSON.stringify({ query: QUERY }) });
    const dir = await project();
    await writeFile(join(dir, 'saved.json'), await response.text());
    const asText = await runCli(dir, ['explain', '--response', 'saved.json']);
    expect(asText.stdout).toContain('products[0], products[1] are null:');
    const asJson = await runCli(dir, ['explain', '--response', 'saved.json', '--format', 'json']);
    expect(JSON.parse(asJson.stdout)).toMatchObject({
      operation: { name: 'Shelf' },
      nulls: [{ path: ['products', 0] }, {}],
    });
    expect(JSON.parse(asJson.stdout).operation).toEqual({ name: 'Shelf', type: 'query' });
  });

  it.each([
    [
      'no gateway',
      ['--query', '-', '--url', 'http://127.0.0.1:1/graphql'],
      'no gateway responds at http://127.0.0.1:1',
    ],
    ['no URL', ['--query', '-', '--url', 'shop'], '--url: "shop" is not an http:// or https:// URL'],
    ['a wrong header', ['--query', '-', '--header', 'x'], '--header: expected "name: value"'],
    ['variables that are no object', ['--query', '-', '--variables', '[]'], '--variables: expected a JSON object'],
    ['variables without a query', ['--variables', '{}'], '--operation and --variables need --query'],
    ['an absent query', ['--query', 'absent.graphql'], '--query: file not found: absent.graphql'],
    ['an absent response', ['--response', 'absent.json'], '--response: file not found: absent.json'],
    ['a response that is no JSON', ['--response', '-'], '--response: standard input: expected JSON'],
  ])('%s is a mistake', async (_, args, message) => {
    const { code, stderr } = await runCli(await project(), ['explain', ...args], '{ a }');
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe('headgate debug-token', () => {
  it('prints a token that the gateway accepts', async () => {
    const { server } = await shop({ config: { debug: { token_secret: SECRET } } });
    const dir = await project({ 'headgate.yaml': `debug: { token_secret: "${SECRET}" }\n` });
    const without = await runCli(dir, ['explain', '--query', '-', '--url', server.url], QUERY);
    expect(without.stderr).toContain('(DEBUG_TOKEN_REQUIRED)');
    const token = (await runCli(dir, ['debug-token', '--ttl', '1h'])).stdout.trim();
    await checkDebugToken(token, SECRET);
    const { stdout } = await runCli(dir, ['explain', '--query', '-', '--url', server.url, '--token', token], QUERY);
    expect(stdout).toContain('products[0], products[1] are null:');
  });

  it.each([
    ['a duration over an hour', 'debug: { token_secret: "a secret of thirty-two characters" }', '61m', '--ttl: "61m"'],
    ['no secret', '{}', '15m', 'debug.token_secret is not set'],
    ['a short secret', 'debug: { token_secret: short }', '15m', 'debug.token_secret'],
  ])('refuses %s', async (_, config, ttl, message) => {
    const dir = await project({ 'headgate.yaml': config });
    const { code, stdout, stderr } = await runCli(dir, ['debug-token', '--ttl', ttl]);
    expect({ failed: code !== 0, stdout }).toEqual({ failed: true, stdout: '' });
    expect(stderr).toContain(message);
  });
});
