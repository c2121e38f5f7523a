import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadEndpoints } from '../../src/bff/endpoints/endpoints.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { endpointSettings } from '../../src/gateway/endpoint-settings.ts';
import { engineOver, folderOf } from '../bff/support.ts';
import { shop } from '../cache/shop.ts';
import { folderWith } from '../composition/folder.ts';

const LIST = { 'web/list.graphql': '{ products { id name } }', 'web/deep.graphql': '{ products { name stars } }' };

async function get(world: { readonly url: string }, path = 'list') {
  const response = await fetch(world.url.replace('/graphql', `/bff/web/${path}`));
  return { status: response.status, body: await response.json() };
}

describe('an endpoint whose operation exceeds a limit', () => {
  const LIMITS = { max_depth: 1 };

  it('is a problem of its file, and answers 503 as every endpoint with a problem', async () => {
    const world = await shop({}, { limits: LIMITS }, folderOf(LIST));
    const { status, body } = await get(world);
    expect([status, body.type]).toEqual([503, expect.stringContaining('endpoint')]);
  });

  it('works where limits only warn', async () => {
    const world = await shop({}, { limits: { ...LIMITS, warn_only: true } }, folderOf(LIST));
    expect((await get(world)).status).toBe(200);
  });

  it('is what headgate validate and the start report, with the limit', async () => {
    const file = join(await folderWith({ 'headgate.yaml': 'limits: { max_depth: 1 }' }), 'headgate.yaml');
    const { supergraph } = engineOver(
      'type Query { products: [Product] } type Product { id: ID name: String stars: Int }',
      {},
    );
    const settings = endpointSettings(loadConfig({ file }));
    const { problems, endpoints } = await loadEndpoints(folderOf(LIST), supergraph, settings);
    expect(endpoints).toEqual([]);
    expect(problems.map(({ file: of, code, message }) => [of.split('/').at(-1), code, message])).toEqual([
      ['deep.graphql', 'MAX_DEPTH_LIMIT', expect.stringContaining('limits.max_depth allows 1')],
      ['list.graphql', 'MAX_DEPTH_LIMIT', expect.stringContaining('limits.max_depth allows 1')],
    ]);
  });
});

it('an endpoint with more tokens than the parser may read is a problem, too', async () => {
  const file = join(await folderWith({ 'headgate.yaml': 'limits: { parser_max_tokens: 5 }' }), 'headgate.yaml');
  const { supergraph } = engineOver('type Query { one: Int two: Int three: Int four: Int }', {});
  const dir = folderOf({ 'web/few.graphql': '{ one two }', 'web/many.graphql': '{ one two three four }' });
  const { problems, endpoints } = await loadEndpoints(dir, supergraph, endpointSettings(loadConfig({ file })));
  expect(endpoints.map(({ name }) => name)).toEqual(['few']);
  expect(problems.map(({ code }) => code)).toEqual(['MAX_TOKENS_LIMIT']);
});

describe('an endpoint whose operation a plugin refuses', () => {
  const refusing = async (hook: string, result: object, config: object = {}) => {
    const path = join(await folderWith({}), 'refusing.mjs');
    await writeFile(
      path,
      `export default { name: 'refusing', hooks: { ${hook}() { return ${JSON.stringify(result)}; } } };`,
    );
    return get(await shop({}, { plugins: [{ path }], ...config }, folderOf(LIST)));
  };
  const error = (code?: string) => ({ message: 'Not today.', ...(code !== undefined && { extensions: { code } }) });

  it.each([
    ['a code that is known', { errors: [error('FORBIDDEN')] }, 403],
    ['a code of the gateway', { errors: [error('UNAUTHENTICATED')] }, 401],
    ['a code that is not known', { errors: [error('CLOSED')] }, 400],
    ['no code', { errors: [error()] }, 400],
    ['a status', { errors: [error('CLOSED')], status: 451 }, 451],
    ['a status that is no error', { errors: [error('NOT_FOUND')], status: 200 }, 404],
  ])('answers with an error status: %s', async (_, result, status) => {
    for (const hook of ['onParse', 'onExecute'])
      expect(await refusing(hook, result)).toMatchObject({
        status,
        body: { status, errors: [{ message: 'Not today.' }] },
      });
  });

  it('answers with the status that bff.error_status has for its code', async () => {
    const config = { bff: { error_status: { CLOSED: 423 } } };
    expect((await refusing('onParse', { errors: [error('CLOSED')] }, config)).status).toBe(423);
  });
});
