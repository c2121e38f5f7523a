import { buildASTSchema, parse } from 'graphql';
import { describe, expect, test } from 'vitest';
import { composeSupergraph } from '../../../src/composition/compose.ts';
import { readSource } from '../../../src/composition/read-source.ts';
import { formatProblem } from '../../../src/config/problem.ts';
import { convertOpenApi } from '../../../src/connectors/openapi/convert.ts';
import type { OpenApiDocument } from '../../../src/connectors/openapi/document.ts';
import { ask, json, restSource, stubApi } from '../../sources/rest/stub-api.ts';

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const answer = (schema: object) => ({ responses: { '200': { content: { 'application/json': { schema } } } } });

function convert(document: object): string {
  const given = {
    openapi: '3.0.3',
    info: { title: 'Shelf' },
    servers: [{ url: 'https://shelf.test/v1' }],
    ...document,
  };
  const { sdl } = convertOpenApi(given as OpenApiDocument, { name: 'shelf' });
  const source = readSource({ name: 'shelf', file: 'shelf.graphql', text: sdl }, {});
  if (!('kind' in source)) throw new Error(source.map(formatProblem).join('\n'));
  expect(composeSupergraph([source])).toMatchObject({ ok: true });
  return sdl;
}

/** The types of a schema, without its connectors. */
function typesOf(schemas: Record<string, object>, root = 'Root'): string {
  const sdl = convert({
    paths: { '/x': { get: { operationId: 'x', ...answer(ref(root)) } } },
    components: { schemas },
  });
  return sdl.slice(sdl.indexOf(`type ${root}`)).trim();
}

const SHELF = {
  paths: {
    '/books': {
      get: {
        operationId: 'list-books',
        summary: 'All books',
        parameters: [
          { name: 'page-size', in: 'query', schema: { type: 'integer', format: 'int32' } },
          { name: 'tag', in: 'query', schema: { type: 'array', items: { type: 'string' } } },
          { name: 'X-Tenant', in: 'header', required: true, schema: { type: 'string' } },
        ],
        ...answer({ type: 'array', items: ref('Book') }),
      },
      post: {
        operationId: 'addBook',
        requestBody: { required: true, content: { 'application/json': { schema: ref('Book') } } },
        responses: { '201': { content: { 'application/json': { schema: ref('Book') } } }, '400': {} },
      },
    },
    '/books/{bookId}': {
      parameters: [{ name: 'bookId', in: 'path', required: true, schema: { type: 'integer', format: 'int64' } }],
      get: { operationId: 'getBook', ...answer(ref('Book')) },
      delete: { responses: { '204': { description: 'Gone' } } },
    },
    '/covers': {
      post: { requestBody: { required: true, content: { 'multipart/form-data': {} } }, responses: { '200': {} } },
    },
  },
  components: {
    securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'X-Key' }, user: { type: 'http', scheme: 'bearer' } },
    schemas: {
      Book: {
        type: 'object',
        required: ['id', 'title', 'state'],
        properties: {
          id: { type: 'integer', format: 'int64', readOnly: true },
          title: { type: 'string', description: 'As on the cover' },
          'page-count': { type: 'integer' },
          state: { type: 'string', nullable: true, enum: ['lent', 'here', null] },
          author: ref('Author'),
          extra: { type: 'object', additionalProperties: true },
        },
      },
      Author: {
        type: 'object',
        required: ['name'],
        properties: { name: { type: 'string' }, born: { type: 'number' } },
      },
    },
  },
};

test('a small API as a whole', () => {
  expect(convert(SHELF)).toMatchInlineSnapshot(`
    "# Shelf
    # Generated from an OpenAPI document. Edit it: field names, nullability and keys are a first guess.
    # Left out:
    #   POST /covers: its body is multipart/form-data
    extend schema
      @source(
        name: "shelf"
        http: {
          baseURL: "\${SHELF_URL:-https://shelf.test/v1}"
          headers: [
            {name: "X-Key", value: "{$env.SHELF_KEY}"}
            {name: "Authorization", from: "authorization"}
          ]
        }
      )

    type Query {
      """All books"""
      listBooks(pageSize: Int, tag: [String!], xTenant: String!): [Book!]
        @connect(
          source: "shelf"
          http: {
            GET: "/books"
            queryParams: """
              "page-size": $args.pageSize
              tag: $args.tag
            """
            headers: [{name: "X-Tenant", value: "{$args.xTenant}"}]
          }
          selection: """
          id
          title
          pageCount: "page-count"
          state
          author {
            name
            born
          }
          extra
          """
        )

      getBook(id: ID!): Book
        @connect(
          source: "shelf"
          http: {
            GET: "/books/{$args.id}"
          }
          selection: """
          id
          title
          pageCount: "page-count"
          state
          author {
            name
            born
          }
          extra
          """
          entity: true
        )
    }

    type Mutation {
      addBook(input: BookInput!): Book
        @connect(
          source: "shelf"
          http: {
            POST: "/books"
            body: """
            $args.input {
              title
              "page-count": pageCount
              state
              author
              extra
            }
            """
          }
          selection: """
          id
          title
          pageCount: "page-count"
          state
          author {
            name
            born
          }
          extra
          """
        )

      deleteBooksBookId(bookId: BigInt!): Boolean
        @connect(
          source: "shelf"
          http: {
            DELETE: "/books/{$args.bookId}"
          }
          selection: "$(true)"
        )
    }

    type Book {
      id: ID!
      """As on the cover"""
      title: String!
      pageCount: Int
      state: BookState
      author: Author
      extra: JSON
    }

    type Author {
      name: String!
      born: Float
    }

    input AuthorInput {
      name: String!
      born: Float
    }

    input BookInput {
      """As on the cover"""
      title: String!
      pageCount: Int
      state: BookState
      author: AuthorInput
      extra: JSON
    }

    enum BookState {
      lent
      here
    }

    scalar JSON

    scalar BigInt
    "
  `);
});

test('what is written answers', async () => {
  const api = await stubApi(({ method, url, body }) => {
    if (method === 'DELETE') return (response: { end(): void }) => response.end();
    const book = { id: 7, title: 'T', 'page-count': 3, state: 'here', author: { name: 'A' }, extra: { any: [1] } };
    if (method === 'POST') return json(201, { ...book, ...JSON.parse(body) });
    return url.startsWith('/v1/books/') ? book : [book];
  });
  const sdl = convert({ ...SHELF, servers: [{ url: `${api.url}/v1` }] });
  const source = restSource(api, sdl, { env: { SHELF_KEY: 'k' } });
  const { data, errors } = await ask(
    source,
    '{ listBooks(pageSize: 2, tag: ["a", "b"], xTenant: "t") { id title pageCount state author { name born } extra } getBook(id: "7") { title } }',
  );
  expect(errors).toBeUndefined();
  expect(data).toEqual({
    listBooks: [
      { id: '7', title: 'T', pageCount: 3, state: 'here', author: { name: 'A', born: null }, extra: { any: [1] } },
    ],
    getBook: { title: 'T' },
  });
  await ask(source, 'mutation { addBook(input: {title: "N", pageCount: 9}) { title } deleteBooksBookId(bookId: 1) }');
  expect(api.lines().sort()).toEqual([
    'DELETE /v1/books/1',
    'GET /v1/books/7',
    'GET /v1/books?page-size=2&tag=a&tag=b',
    'POST /v1/books',
  ]);
  expect(api.calls.find(({ method }) => method === 'POST')?.body).toBe('{"title":"N","page-count":9}');
  expect(api.calls[0]?.headers['x-tenant']).toBe('t');
});

describe('schemas', () => {
  test('allOf is all of them, oneOf what any of them has', () => {
    const types = typesOf({
      Base: { type: 'object', required: ['id'], properties: { id: { type: 'string' } } },
      Root: {
        allOf: [
          ref('Base'),
          {
            type: 'object',
            required: ['pet'],
            properties: { pet: ref('Pet'), maybe: ref('Maybe'), mixed: ref('Mixed') },
          },
        ],
      },
      Pet: { oneOf: [ref('Cat'), ref('Dog')] },
      Cat: {
        type: 'object',
        required: ['name', 'lives'],
        properties: { name: { type: 'string' }, lives: { type: 'integer' } },
      },
      Dog: {
        type: 'object',
        required: ['name'],
        properties: {
          name: { type: 'string' },
          lives: { type: 'string' },
          tricks: { type: 'array', items: { type: 'string' } },
        },
      },
      Maybe: { oneOf: [ref('Cat'), { type: 'null' }] },
      Mixed: { oneOf: [{ type: 'string' }, { type: 'object', properties: { a: { type: 'string' } } }] },
    });
    expect(types).toBe(`type Root {
  id: ID!
  pet: Pet!
  maybe: Maybe
  mixed: JSON
}

type Maybe {
  name: String!
  lives: Int!
}

type Pet {
  name: String!
  lives: JSON
  tricks: [String!]
}

scalar JSON`);
  });

  test('titles that read as names are names, legal and unique', () => {
    const types = typesOf({
      Root: { type: 'object', properties: { a: ref('app__models__Book'), b: ref('Second'), c: ref('Long') } },
      app__models__Book: { title: 'Book item', type: 'object', properties: { x: { type: 'string' } } },
      Second: { title: 'Book-Item', type: 'object', properties: { y: { type: 'string' } } },
      Long: { title: 'What a reader sees of a book.', type: 'object', properties: { z: { type: 'string' } } },
    });
    expect(types).toContain('type Root {\n  a: BookItem\n  b: BookItem2\n  c: Long\n}');
  });

  test('a type that leads back to itself is JSON there', () => {
    const types = typesOf({
      Root: { type: 'object', properties: { id: { type: 'string' }, parent: ref('Root'), child: ref('Child') } },
      Child: { type: 'object', properties: { of: { type: 'array', items: ref('Root') } } },
    });
    expect(types).toContain('parent: JSON');
    expect(types).toContain('of: JSON');
  });

  test('types that would come to too long a selection are cut', () => {
    const wide = {
      type: 'object',
      properties: Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`f${at}`, { type: 'string' }])),
    };
    const types = typesOf({
      Root: { type: 'object', properties: { a: ref('Wide'), b: ref('Wide'), c: ref('Small') } },
      Wide: wide,
      Small: { type: 'object', properties: { x: { type: 'boolean' } } },
    });
    expect(types).toContain('type Root {\n  a: JSON\n  b: Wide\n  c: Small\n}');
  });

  test('names are made fit and unique, and version 3.1 is read', () => {
    const types = typesOf({
      Root: {
        type: ['object', 'null'],
        properties: {
          'odd name': { type: ['string', 'null'] },
          oddName: { type: 'string' },
          '2nd': { type: 'string' },
          __typename: { type: 'string' },
          größe: { type: 'integer', format: 'int64' },
          'user.kind': { enum: ['a-b', 'c'], type: 'string' },
          Query: ref('Query'),
        },
        required: ['odd name', 'oddName'],
      },
      Query: { type: 'object', properties: { a: { type: 'string' } } },
    });
    expect(types).toBe(`type Root {
  oddName: String
  oddName2: String!
  _2nd: String
  typename: String
  groE: BigInt
  userKind: String
  Query: Query2
}

type Query2 {
  a: String
}

scalar BigInt`);
  });

  test('a reference that leads nowhere, or in a circle, is JSON', () => {
    const types = typesOf({
      Root: { type: 'object', properties: { a: ref('None'), b: ref('Loop'), c: { $ref: 'other.yaml#/X' } } },
      Loop: ref('Loop'),
    });
    expect(types).toContain('a: JSON\n  b: JSON\n  c: JSON');
  });

  test('a schema that is made of itself many times over is read once', () => {
    const types = typesOf({
      Root: { allOf: [...Array(5).fill(ref('Root')), { type: 'object', properties: { a: ref('One') } }] },
      One: { anyOf: [ref('One'), ref('Two'), ref('Root')] },
      Two: { oneOf: [ref('One'), ref('Two'), { type: 'object', properties: { b: { type: 'string' } } }] },
    });
    expect(types).toContain('type Root {\n  a: ');
  });

  test('a list of itself is a list of JSON', () => {
    const types = typesOf({
      Root: { type: 'object', properties: { a: ref('List'), b: ref('Deep') } },
      List: { type: 'array', items: ref('List') },
      Deep: { type: 'array', items: { type: 'array', items: ref('Deep') } },
    });
    expect(types).toContain('a: [JSON!]\n  b: [[JSON!]!]');
  });

  test.each([
    [true, 'its body is multipart/form-data'],
    [false, 'without its body, which is multipart/form-data'],
  ])('a body that cannot be sent, required: %s, is listed', (required, reason) => {
    const requestBody = { required, content: { 'multipart/form-data': { schema: { type: 'object' } } } };
    const post = { operationId: 'upload', requestBody, ...answer({ type: 'string' }) };
    const sdl = convert({ paths: { '/files': { get: answer({ type: 'string' }), post } } });
    expect(sdl).toContain(`#   POST /files: ${reason}\n`);
    expect(sdl.includes('upload: String')).toBe(!required);
  });

  test('inputs that would hold themselves forever may be left out', () => {
    const schemas = {
      Node: { type: 'object', required: ['next', 'name'], properties: { next: ref('Node'), name: { type: 'string' } } },
    };
    const sdl = convert({
      paths: {
        '/n': {
          get: answer({ type: 'string' }),
          post: {
            operationId: 'add',
            requestBody: { content: { 'application/json': { schema: ref('Node') } } },
            responses: { '204': {} },
          },
        },
      },
      components: { schemas },
    });
    expect(sdl).toContain('input NodeInput {\n  next: NodeInput\n  name: String!\n}');
    expect(() => buildASTSchema(parse(sdl), { assumeValidSDL: true })).not.toThrow();
  });
});

test.each([
  [{ swagger: '2.0', openapi: undefined }, 'This is not an OpenAPI 3 document. It has no "openapi" version'],
  [{ openapi: '4.0.0' }, 'Its version is 4.0.0'],
  [{ paths: {} }, 'The document has no operation with JSON requests and responses.'],
  [
    { paths: { '/a': { get: { responses: { '200': { content: { 'text/csv': {} } } } } } } },
    'JSON requests and responses.\n  left out  GET /a: its response is text/csv',
  ],
  [
    { paths: { '/a': { get: { $ref: 'paths/a.yaml' } } } },
    'The document refers to other files, such as "paths/a.yaml", which are not read. Bundle it into one file first',
  ],
])('%j is refused', (document, message) => {
  expect(() => convert(document)).toThrow(message);
});

test('a relative server is below the place that the document came from', () => {
  const document = {
    openapi: '3.0.0',
    servers: [{ url: '/api/{v}', variables: { v: { default: 'v2' } } }],
    paths: { '/a': { get: answer({ type: 'string' }) } },
  };
  const { sdl } = convertOpenApi(document, { name: 'my-api', location: 'https://host.test/docs/openapi.json' });
  expect(sdl).toContain('baseURL: "${MY_API_URL:-https://host.test/api/v2}"');
});
