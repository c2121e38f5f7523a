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
  ['@from(header: "Connection")', 'the header "connection" is about the connection, not about the request'],
  [
    '@from(header: "transfer-encoding")',
    'the header "transfer-encoding" is about the connection, not about the request',
  ],
  ['@from(query: "")', 'the name of the query is empty'],
  ['@from(claim: "")', 'the name of the claim is empty'],
])('%s', async (from, reason) => {
  const text = `query ($id: ID ${from}) { it(id: $id) }`;
  expect(await problemsOf(text)).toEqual([
    `web/it.graphql:1:16  ENDPOINT_FROM  @from on $id cannot give it a value: ${reason}.`,
  ]);
});

test.each([
  ['tags: ["shelf-{idd}"]', 'The tag "shelf-{idd}" cannot work: the operation has no variable for {idd}.'],
  ['tags: ["shelf-{ id }"]', 'The tag "shelf-{ id }" cannot work: it has a brace that belongs to no placeholder.'],
  ['tags: ["{span.from}"]', 'The tag "{span.from}" cannot work: it has a brace that belongs to no placeholder.'],
  ['tags: ["{id"]', 'The tag "{id" cannot work: it has a brace that belongs to no placeholder.'],
  ['tags: ["{ids}"]', 'The tag "{ids}" cannot work: {ids} is of the type [ID!], which is no single value.'],
  ['tags: ["{span}"]', 'The tag "{span}" cannot work: {span} is of the type Span, which is no single value.'],
  ['tags: [" "]', 'The tag " " cannot work: it is empty.'],
  ['vary: ["x app"]', 'Answers cannot vary by it: "x app" is not the name of a header.'],
  ['vary: ["*"]', 'Answers cannot vary by it: "*" is not the name of a header.'],
])('cache: {%s}', async (cache, message) => {
  const text = `query ($id: ID, $ids: [ID!], $span: Span)\n  @endpoint(cache: {maxAge: 60, ${cache}}) { it(id: $id, ids: $ids, span: $span) }`;
  expect(await problemsOf(text)).toEqual([`web/it.graphql:2:3  ENDPOINT_CACHE  ${message}`]);
});

test('good names have no problems', async () => {
  const text =
    'query ($id: ID @from(header: "X-Id")) @endpoint(cache: {maxAge: 60, tags: ["shelf-{id}", "shelves"], vary: ["X-App"]}) { it(id: $id) }';
  expect(await problemsOf(text)).toEqual([]);
});
