import { expect, test } from 'vitest';
import { loadEndpoints } from '../../src/bff/endpoints/endpoints.ts';
import { formatProblem } from '../../src/config/problem.ts';
import { engineOver, folderOf } from './support.ts';

const SDL = 'input Span { from: Int } type Query { it(id: ID, ids: [ID!], span: Span): String }';

/** The problems of one endpoint, without its folder: `web/it.graphql:1:12  ENDPOINT_FROM  …`. */
async function problemsOf(text: string): Promise<string[]> {
  const dir = folderOf({ 'web/it.graphql': text });
  const { problems } = await loadEndpoints(dir, engineOver(SDL, {}).supergraph);
  return problems.map(
    (problem) =>
      formatProblem(problem)
        .replace(/^.*(?=web\/it)/, '')
        .split('\n')[0] ?? '',
  );
}

test.each([
  ['@from(header: "x id")', '"x id" is not the name of a header'],
  ['@from(header: "")', '"" is not the name of a header'],
  ['@from(header: "Connection")', 'the header "connection" belongs to the connection, not to the request'],
  [
    '@from(header: "transfer-encoding")',
    'the header "transfer-encoding" belongs to the connection, not to the request',
  ],
  ['@from(query: "")', 'the name of the query is empty'],
  ['@from(claim: "")', 'the name of the claim is empty'],
])('%s', async (from, reason) => {
  const text = `query ($id: ID ${from}) { it(id: $id) }`;
  expect(await problemsOf(text)).toEqual([
    `web/it.graphql:1:16  ENDPOINT_FROM  Invalid source in @from on $id: ${reason}.`,
  ]);
});

test.each([
  ['tags: ["shelf-{idd}"]', 'Invalid tag "shelf-{idd}": the operation has no variable for {idd}.'],
  ['tags: ["shelf-{ id }"]', 'Invalid tag "shelf-{ id }": it has a brace outside a placeholder.'],
  ['tags: ["{span.from}"]', 'Invalid tag "{span.from}": it has a brace outside a placeholder.'],
  ['tags: ["{id"]', 'Invalid tag "{id": it has a brace outside a placeholder.'],
  ['tags: ["{ids}"]', 'Invalid tag "{ids}": {ids} has the type [ID!], which is not a single value.'],
  ['tags: ["{span}"]', 'Invalid tag "{span}": {span} has the type Span, which is not a single value.'],
  ['tags: [" "]', 'Invalid tag " ": it is empty.'],
  ['vary: ["x app"]', 'Invalid name in "vary": "x app" is not the name of a header.'],
  ['vary: ["*"]', 'Invalid name in "vary": "*" is not the name of a header.'],
])('cache: {%s}', async (cache, message) => {
  const text = `query ($id: ID, $ids: [ID!], $span: Span)\n  @endpoint(cache: {maxAge: 60, ${cache}}) { it(id: $id, ids: $ids, span: $span) }`;
  expect(await problemsOf(text)).toEqual([`web/it.graphql:2:3  ENDPOINT_CACHE  ${message}`]);
});

test('good names have no problems', async () => {
  const text =
    'query ($id: ID @from(header: "X-Id")) @endpoint(cache: {maxAge: 60, tags: ["shelf-{id}", "shelves"], vary: ["X-App"]}) { it(id: $id) }';
  expect(await problemsOf(text)).toEqual([]);
});
