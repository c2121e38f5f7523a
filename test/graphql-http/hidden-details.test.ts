import { expect, test } from 'vitest';
import { folderOf } from '../bff/support.ts';
import { httpWorld } from '../gateway/http-world.ts';
import { post } from '../gateway/serving.ts';

const shop = {
  shop: {
    typeDefs: 'type Query { list(secretId: ID): [String!] }',
    resolvers: { Query: { list: () => ['o1'] } },
  },
};
const endpoint = 'query L($secretId: ID) @endpoint(path: "/list") { list(secretId: $secretId) }';

test.each([
  [undefined, true, 200],
  [{ limits: { hide_schema_details: true } }, false, 404],
  [{ limits: { hide_schema_details: true }, bff: { docs: true } }, false, 200],
])('with %j, names that clients have not written: %s; documents of endpoints: %i', async (config, isNamed, docs) => {
  const bffDir = folderOf({ 'web/list.graphql': endpoint });
  const { server } = await httpWorld(shop, { config, bffDir });
  const origin = new URL(server.url).origin;
  const texts = await Promise.all([
    post(server.url, { query: '{ list(scretId: 1) }' }).then((answer) => answer.text()),
    fetch(`${origin}/bff/web/list?scretId=1`).then((answer) => answer.text()),
    fetch(`${origin}/bff/web/lits`).then((answer) => answer.text()),
  ]);
  expect(texts.map((text) => /secretId|GET \/bff/.test(text))).toEqual([isNamed, isNamed, isNamed]);
  expect((await fetch(`${origin}/bff/openapi.json`)).status).toBe(docs);
});
