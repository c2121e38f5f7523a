import { expect, it } from 'vitest';
import { pathOf, queryOf } from '../../src/shared/url-path.ts';

it.each([
  ['/graphql?query={a}', '/graphql', 'query={a}'],
  ['/graphql', '/graphql', ''],
  ['/graphql?', '/graphql', ''],
  ['/a?b?c', '/a', 'b?c'],
  ['?a=1', '', 'a=1'],
  ['', '', ''],
])('the URL %j has the path %j and the query %j', (url, path, query) => {
  expect([pathOf(url), queryOf(url)]).toEqual([path, query]);
});
