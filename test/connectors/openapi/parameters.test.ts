import { expect, test } from 'vitest';
import { convertOpenApi } from '../../../src/connectors/openapi/convert.ts';
import type { OpenApiDocument } from '../../../src/connectors/openapi/document.ts';
import { ask, restSource, stubApi } from '../../sources/rest/stub-api.ts';

const LIST = { type: 'array', items: { type: 'string' } };
const FILTER = {
  type: 'object',
  properties: {
    'in-stock': { type: 'boolean' },
    tags: LIST,
    price: { type: 'object', properties: { min: { type: 'integer' }, max: { type: 'integer' } } },
  },
};
const PAGE = { type: 'object', properties: { limit: { type: 'integer' }, after: { type: 'string' } } };

function converted(url: string, parameters: readonly object[], path = '/items') {
  const get = {
    operationId: 'items',
    parameters,
    responses: { '200': { content: { 'application/json': { schema: { type: 'string' } } } } },
  };
  const other = { operationId: 'other', responses: get.responses };
  const document = { openapi: '3.0.3', servers: [{ url }], paths: { [path]: { get }, '/other': { get: other } } };
  return convertOpenApi(document as OpenApiDocument, { name: 'shop' });
}

test.each<[string, object, string, string]>([
  ['form', { schema: LIST }, '["a","b"]', '?p=a&p=b'],
  ['form without explode', { explode: false, schema: LIST }, '["a","b"]', '?p=a%2Cb'],
  ['form without explode, null', { explode: false, schema: LIST }, 'null', ''],
  ['pipeDelimited', { style: 'pipeDelimited', schema: LIST }, '["a","b"]', '?p=a%7Cb'],
  ['pipeDelimited with explode', { style: 'pipeDelimited', explode: true, schema: LIST }, '["a","b"]', '?p=a&p=b'],
  ['spaceDelimited', { style: 'spaceDelimited', explode: false, schema: LIST }, '["a","b"]', '?p=a%20b'],
  [
    'deepObject',
    { style: 'deepObject', explode: true, schema: FILTER },
    '{inStock: true, tags: ["a", "b"], price: {min: 3}}',
    '?p%5Bin-stock%5D=true&p%5Btags%5D=a&p%5Btags%5D=b&p%5Bprice%5D%5Bmin%5D=3',
  ],
  ['an object as a form', { schema: PAGE }, '{limit: 3, after: "x"}', '?limit=3&after=x'],
  ['JSON', { content: { 'application/json': { schema: PAGE } } }, '{limit: 3}', '?p=%7B%22limit%22%3A3%7D'],
])('a query parameter: %s', async (_, parameter, value, query) => {
  const api = await stubApi(() => 'done');
  const { sdl, leftOut } = converted(api.url, [{ name: 'p', in: 'query', ...parameter }]);
  expect(leftOut).toEqual([]);
  const source = restSource(api, sdl);
  expect(await ask(source, `{ items(p: ${value}) }`)).toEqual({ data: { items: 'done' } });
  await ask(source, '{ items }');
  expect(api.lines()).toEqual([`GET /items${query}`, 'GET /items']);
});

test.each<[string, object, string, string]>([
  ['simple', { schema: LIST }, '["a","b"]', '/items/a%2Cb'],
  ['label', { style: 'label', explode: true, schema: LIST }, '["a","b"]', '/items/.a.b'],
  ['label, one value', { style: 'label', schema: { type: 'integer' } }, '5', '/items/.5'],
  ['matrix', { style: 'matrix', schema: LIST }, '["a","b"]', '/items/;p=a%2Cb'],
])('a path parameter: %s', async (_, parameter, value, url) => {
  const api = await stubApi(() => 'done');
  const { sdl } = converted(api.url, [{ name: 'p', in: 'path', required: true, ...parameter }], '/items/{p}');
  expect(await ask(restSource(api, sdl), `{ items(p: ${value}) }`)).toEqual({ data: { items: 'done' } });
  expect(api.lines()).toEqual([`GET ${url}`]);
});

test('a list in a header is one line of values', async () => {
  const api = await stubApi(() => 'done');
  const { sdl } = converted(api.url, [{ name: 'X-Tags', in: 'header', schema: LIST }]);
  await ask(restSource(api, sdl), '{ items(xTags: ["a", "b"]) }');
  expect(api.calls[0]?.headers['x-tags']).toBe('a,b');
});

test.each<[string, object]>([
  ['is a cookie', { in: 'cookie', schema: { type: 'string' } }],
  ['is an object in the style form without explode', { explode: false, schema: PAGE }],
  ['is an object in the style pipeDelimited without explode', { style: 'pipeDelimited', schema: PAGE }],
  ['is an object of unknown fields', { style: 'deepObject', schema: { type: 'object' } }],
  ['is an object whose field "tags" is not a single value', { schema: FILTER }],
  ['is a list in the style deepObject', { style: 'deepObject', schema: LIST }],
  ['is a list of objects', { schema: { type: 'array', items: PAGE } }],
  ['is an object', { in: 'header', schema: PAGE }],
])('an optional parameter that %s is listed; a required one leaves out its operation', (why, parameter) => {
  const optional = converted('http://api.test', [{ name: 'p', in: 'query', ...parameter }]);
  expect(optional.leftOut).toEqual([`GET /items: without its parameter "p", which ${why}`]);
  expect(optional.sdl).toContain('items: String');
  expect(optional.sdl).toContain(`#   GET /items: without its parameter "p", which ${why}`);
  const required = converted('http://api.test', [{ name: 'p', in: 'query', required: true, ...parameter }]);
  expect(required.leftOut).toEqual([`GET /items: the parameter "p" ${why}`]);
  expect(required.sdl).not.toContain('items: String');
});
