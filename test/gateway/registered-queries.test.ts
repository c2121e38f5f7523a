import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { type HttpWorld, httpWorld } from './http-world.ts';
import { post } from './serving.ts';

const shop = {
  shop: { typeDefs: 'type Query { hello: String }', resolvers: { Query: { hello: () => 'hi' } } },
};

/** The responses to a query with its hash, and then to the hash alone. */
async function register({ server }: HttpWorld, query: string): Promise<string[]> {
  const extensions = { persistedQuery: { version: 1, sha256Hash: createHash('sha256').update(query).digest('hex') } };
  const codes: string[] = [];
  for (const body of [{ query, extensions }, { extensions }]) {
    const answer = (await (await post(server.url, body)).json()) as { errors?: { extensions: { code: string } }[] };
    codes.push(answer.errors?.[0]?.extensions.code ?? 'answered');
  }
  return codes;
}

test('a query is kept only when it can be answered', async () => {
  const world = await httpWorld(shop, { config: { limits: { max_root_fields: 2 }, apq: { max_document_bytes: 100 } } });
  const unknown = 'PERSISTED_QUERY_NOT_FOUND';
  expect(await register(world, '{ hello }')).toEqual(['answered', 'answered']);
  expect(await register(world, '{ hello')).toEqual(['GRAPHQL_PARSE_FAILED', unknown]);
  expect(await register(world, '{ bye }')).toEqual(['GRAPHQL_VALIDATION_FAILED', unknown]);
  expect(await register(world, '{ a: hello b: hello c: hello }')).toEqual(['MAX_ROOT_FIELDS_LIMIT', unknown]);
  expect(await register(world, `{ hello } #${'é'.repeat(50)}`)).toEqual(['answered', unknown]);
});
