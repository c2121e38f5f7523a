import { buildSchema } from 'graphql';
import { expect, test } from 'vitest';
import { engineOver, serveFiles } from '../support.ts';
import { documentOf, ref } from './support.ts';

const SDL = `
  type Query { search: [Hit!]!, top: Hit, node(id: ID!): Node, shop: Shop }
  union Hit = Book | User
  interface Node { id: ID!, label: String }
  type Book implements Node { id: ID!, label: String!, title: String!, author: User, meta: String }
  type User implements Node { id: ID!, label: String, name: String!, home: Home }
  type Home { city: String! }
  type Shop { meta: String!, best: Hit }
`;

const schemasOf = async (files: Record<string, string>) => (await documentOf(SDL, files)).components.schemas;

test('a union is oneOf of components, distinguished by __typename, which is added', async () => {
  const schemas = await schemasOf({
    'app/search.graphql':
      '{ search { ... on Book { title author { name } } ... on User { id: name home { city } } } top { ... on Book { id } } }',
  });
  expect(schemas).toMatchObject({
    SearchAnswer: {
      properties: { search: { items: ref('SearchAnswerSearch') }, top: ref('SearchAnswerTop') },
    },
    SearchAnswerSearch: {
      oneOf: [ref('SearchAnswerSearchBook'), ref('SearchAnswerSearchUser')],
      discriminator: {
        propertyName: '__typename',
        mapping: { Book: ref('SearchAnswerSearchBook').$ref, User: ref('SearchAnswerSearchUser').$ref },
      },
    },
    SearchAnswerSearchBook: {
      properties: {
        __typename: { type: 'string', enum: ['Book'] },
        title: { type: 'string' },
        author: { anyOf: [ref('SearchAnswerSearchBookAuthor'), { type: 'null' }] },
      },
      required: ['__typename', 'title', 'author'],
    },
    SearchAnswerSearchUser: { properties: { __typename: { enum: ['User'] }, id: { type: 'string' } } },
    SearchAnswerTopUser: { properties: { __typename: { enum: ['User'] } }, required: ['__typename'] },
  });
});

test('an answer says of which type each object of a union is, and not where all are alike', async () => {
  const root = {
    search: [
      { __typename: 'Book', title: 'Notes' },
      { __typename: 'User', name: 'Ada' },
    ],
    node: { __typename: 'User', id: 'u1' },
  };
  const call = await serveFiles(
    {
      'app/it.graphql':
        '{ search { ... on Book { title } ...person } node(id: 1) { id } } fragment person on User { name }',
    },
    engineOver(buildSchema(SDL), root),
  );
  expect((await call('/bff/app/it')).json).toEqual({
    search: [
      { __typename: 'Book', title: 'Notes' },
      { __typename: 'User', name: 'Ada' },
    ],
    node: { id: 'u1' },
  });
});

test('an interface whose types have the same fields is one component', async () => {
  const schemas = await schemasOf({ 'app/it.graphql': '{ node(id: 1) { __typename id label } }' });
  expect(schemas.ItAnswerNode).toMatchObject({
    type: 'object',
    properties: {
      __typename: { type: 'string', enum: ['Book', 'User'] },
      id: { type: 'string' },
      label: { type: ['string', 'null'] },
    },
    required: ['__typename', 'id', 'label'],
  });
});

test('__typename that is not in every answer, or is something else, tells nothing apart', async () => {
  const schemas = await schemasOf({
    'app/one.graphql': 'query ($no: Boolean = false) { search { __typename @skip(if: $no) ... on Book { title } } }',
    'app/two.graphql': '{ search { ... on Book { __typename: title } ... on User { __typename: name } } }',
  });
  expect(schemas.OneAnswerSearch).toHaveProperty('discriminator');
  expect(schemas.TwoAnswerSearch).not.toHaveProperty('discriminator');
  expect(schemas.TwoAnswerSearchBook.properties.__typename).toEqual({ type: 'string' });
});

test('a flattened union has the fields of all its types; required are those that all have', async () => {
  const schemas = await schemasOf({
    'app/it.graphql': '{ shop { best @flatten { ... on Book { id title } ... on User { id name } } } }',
  });
  expect(schemas.ItAnswerShop).toMatchObject({
    properties: {
      id: { type: ['string', 'null'] },
      title: { type: ['string', 'null'] },
      name: { type: ['string', 'null'] },
    },
    required: ['id'],
  });
  expect(schemas.ItAnswerShop.properties).not.toHaveProperty('__typename');
});

test('names of components depend on their own endpoint alone', async () => {
  const one = { 'app/shop.graphql': '{ shop { meta best { ... on Book { author { home { city } } } } } }' };
  const before = await schemasOf(one);
  const after = await schemasOf({
    ...one,
    'app/a.graphql': '{ shop { meta } node(id: 1) { id } }',
    'app/shop-shop.graphql': '{ best: top { ... on Book { author { name } } } }',
    'app/shop-best.graphql': '{ top { ... on User { name } } }',
  });
  expect(after).toMatchObject(before);
  expect(Object.keys(before)).toEqual([
    'Problem',
    'ProblemEntry',
    'ShopAnswer',
    'ShopAnswerShop',
    'ShopAnswerShopBest',
    'ShopAnswerShopBestBook',
    'ShopAnswerShopBestBookAuthor',
    'ShopAnswerShopBestBookAuthorHome',
    'ShopAnswerShopBestUser',
  ]);
});

test('fields called "meta" are in the examples; the gateway’s own is not', async () => {
  const { paths } = await documentOf(SDL, {
    'app/it.graphql': '{ shop { meta } top @optional { ... on User { name } } }',
  });
  expect(paths['/bff/app/it'].get.responses[200].content['application/json'].example).toEqual({
    shop: { meta: 'meta' },
    top: { __typename: 'Book' },
  });
});

test('a fallback that is like the section itself changes nothing, another is a form of its own', async () => {
  const schemas = await schemasOf({
    'app/it.graphql':
      '{ shop @optional(fallback: {meta: "closed"}) { meta } top @optional(fallback: "none") { ... on Node { id } } }',
  });
  expect(schemas.ItAnswer.properties.shop).toEqual({ anyOf: [ref('ItAnswerShop'), { type: 'null' }] });
  expect(schemas.ItAnswer.properties.top).toEqual({ anyOf: [ref('ItAnswerTop'), { type: 'null' }, { const: 'none' }] });
});

test('objects of a schema that a module exports are components, and so are its definitions', async () => {
  const schemas = await schemasOf({
    'app/it.graphql': '{ shop @optional { meta } }',
    'app/it.js': `export default () => ({});
      export const schema = {
        type: 'object', required: ['list'],
        properties: { list: { type: 'array', items: { type: 'object', properties: { next: { $ref: '#/$defs/page' } } } } },
        $defs: { page: { type: 'object', properties: { after: { $ref: '#/$defs/page' } } } },
      };`,
  });
  expect(schemas).toMatchObject({
    ItAnswer: { properties: { list: { items: ref('ItAnswerList') }, meta: ref('AnswerMeta') } },
    ItAnswerList: { properties: { next: ref('ItAnswerPage') } },
    ItAnswerPage: { properties: { after: ref('ItAnswerPage') } },
  });
});

test('keys that every object has anyway are those of the document alone', async () => {
  const schemas = await schemasOf({
    'app/it.graphql':
      '{ shop { best @flatten { ... on Book { constructor: title __proto__: label } ... on User { valueOf: name } } } }',
  });
  const text = { type: ['string', 'null'] };
  const { properties, required } = schemas.ItAnswerShop;
  expect(Object.entries(properties)).toEqual([
    ['constructor', text],
    ['__proto__', text],
    ['valueOf', text],
  ]);
  expect(required).toEqual([]);
});
