import { GraphQLScalarType } from 'graphql';
import { describe, expect, test } from 'vitest';
import { compileEndpoints } from '../../src/bff/endpoints/endpoints.ts';
import { readEndpointFolder } from '../../src/bff/endpoints/folder.ts';
import { hasFormat } from '../../src/bff/endpoints/scalar-format.ts';
import { engineOver, folderOf, serveBff, serveFiles, sourceError } from './support.ts';

const SDL = /* GraphQL */ `
  scalar DateTime
  scalar Date
  scalar UUID
  scalar URL
  scalar EmailAddress
  scalar Stamp @specifiedBy(url: "https://scalars.graphql.org/andimarek/date-time.html")
  scalar Time @specifiedBy(url: "https://shop.example/seconds-since-midnight")
  input Span { from: DateTime! to: DateTime }
  type Query {
    at(since: DateTime, days: [Date!], id: UUID, url: URL, email: EmailAddress, stamp: Stamp, time: Time, span: Span): String
    slow(ms: Int!): String
    late(ms: Int! = 7): String
    page(size: PageSize): String
  }
  input PageSize { first: Int! = 3 }
  type Mutation { meet(at: DateTime!, span: Span): String }
`;

const FILES = {
  'web/at.graphql':
    'query ($since: DateTime, $days: [Date!], $id: UUID, $url: URL, $email: EmailAddress, $stamp: Stamp, $time: Time, $span: Span) { at(since: $since, days: $days, id: $id, url: $url, email: $email, stamp: $stamp, time: $time, span: $span) }',
  'web/meet.graphql': 'mutation ($at: DateTime!, $span: Span) { meet(at: $at, span: $span) }',
  'web/slow.graphql':
    'query ($ms: Int = 5, $late: Int, $first: Int = 2, $show: Boolean = true, $on: Boolean! = true) @endpoint(method: POST) { slow(ms: $ms) late(ms: $late) page(size: {first: $first}) @include(if: $show) again: page @skip(if: $on) }',
};

const root = { at: 'at', meet: 'met', slow: 'slow', late: 'late', page: 'page' };

const post = (body: object) => ({
  method: 'POST',
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/json' },
});

describe('scalars whose format the documentation promises', () => {
  test.each([
    ['since=yesterday', 'since', 'a date and time with offset, such as 2026-01-31T12:00:00Z (DateTime)'],
    ['since=2026-02-30T00:00:00Z', 'since', 'a date and time with offset, such as 2026-01-31T12:00:00Z (DateTime)'],
    ['days=2026-01-31&days=2026-13-01', 'days[1]', 'a date, such as 2026-01-31 (Date!)'],
    ['id=7', 'id', 'a UUID, such as 123e4567-e89b-12d3-a456-426614174000 (UUID)'],
    ['url=//shop', 'url', 'a URL, such as https://shop.example/cart (URL)'],
    ['email=ada', 'email', 'an email address, such as ada@shop.example (EmailAddress)'],
    ['stamp=1', 'stamp', 'a date and time with offset, such as 2026-01-31T12:00:00Z (Stamp)'],
    [
      `span=${encodeURIComponent('{"from": "now"}')}`,
      'span.from',
      'a date and time with offset, such as 2026-01-31T12:00:00Z (DateTime!)',
    ],
  ])('%s', async (query, parameter, expected) => {
    const call = await serveFiles(FILES, engineOver(SDL, root));
    const { status, json } = await call(`/bff/web/at?${query}`);
    expect(status).toBe(400);
    expect(json.errors).toMatchObject([{ parameter, in: 'query', expected }]);
  });

  test('good ones go on as they are, and so does a scalar that is specified elsewhere', async () => {
    const engine = engineOver(SDL, root);
    const call = await serveFiles(FILES, engine);
    const given = { since: '2026-01-31T12:00:00.5+01:00', id: '123E4567-e89b-12d3-a456-426614174000', time: '3600' };
    expect((await call(`/bff/web/at?${new URLSearchParams(given)}`)).status).toBe(200);
    expect(engine.requests[0]?.variables).toEqual(given);
  });

  test('in a body, also numbers', async () => {
    const call = await serveFiles(FILES, engineOver(SDL, root));
    const { status, json } = await call('/bff/web/meet', post({ at: 1767268800, span: { from: 'x', to: null } }));
    expect(status).toBe(400);
    expect(json.errors).toMatchObject([
      { parameter: 'at', in: 'body', given: 1767268800 },
      { parameter: 'span.from', in: 'body', given: 'x' },
    ]);
  });

  test('literals of documents are checked with them', () => {
    const folder = readEndpointFolder(folderOf({ 'web/at.graphql': '{ at(since: "soon") }' }));
    const { supergraph } = engineOver(SDL, root);
    const { problems } = compileEndpoints(folder, supergraph, {
      shapes: { shapes: new Map(), schemas: new Map(), problems: [], digest: '' },
    });
    expect(problems).toMatchObject([{ line: 1, message: expect.stringContaining('Expected a date and time') }]);
  });
});

const scalar = (name: string) => new GraphQLScalarType({ name });

test.each([
  ['DateTime', '2026-12-31T23:59:60Z', true],
  ['DateTime', '2024-02-29t10:00:00z', true],
  ['DateTime', '2026-01-31T12:00:00', false],
  ['DateTime', '2026-01-31 12:00:00Z', false],
  ['OrderDate', '1900-02-29', false],
  ['Time', '24:00:00Z', false],
  ['Time', '10:00:00+05:30', true],
  ['LocalDateTime', '2026-01-31T12:00:00', true],
  ['Lifetime', 'long', true],
  ['Update', 'yes', true],
  ['URI', 'https://shop.example/a b', false],
  ['WebUrl', 'mailto:ada@shop.example', true],
  ['Email', 'ada@localhost', true],
  ['Email', 'ada@-shop.example', false],
  ['IPv4', '192.0.2.256', false],
  ['IPv6', '2001:db8::1', true],
])('%s: %s is accepted: %s', (name, text, accepted) => {
  expect(hasFormat(scalar(name), text)).toBe(accepted);
});

describe('null for a variable that may be null by its declaration, at a place that must not be', () => {
  test.each([
    ['a variable with a default', { ms: null, late: 1 }, 'ms'],
    ['an argument with a default', { ms: 1, late: null }, 'late'],
    ['a field of an input object', { ms: 1, late: 1, first: null }, 'first'],
    ['@include', { ms: 1, late: 1, show: null }, 'show'],
  ])('%s', async (_, body, parameter) => {
    const call = await serveFiles(FILES, engineOver(SDL, root));
    const { status, json } = await call('/bff/web/slow', post(body));
    expect([status, json.errors?.[0]]).toMatchObject([400, { parameter, in: 'body', given: null }]);
  });

  test('left out, its default counts', async () => {
    const call = await serveFiles(FILES, engineOver(SDL, root));
    expect(await call('/bff/web/slow', post({}))).toMatchObject({ status: 200, json: { slow: 'slow', late: 'late' } });
  });

  test('the documentation says so', async () => {
    const call = await serveFiles(FILES, engineOver(SDL, root));
    const { paths, components } = (await call('/bff/openapi.json')).json;
    expect(paths['/bff/web/slow'].post.requestBody.content['application/json'].schema).toEqual({
      $ref: '#/components/schemas/WebSlowBody',
    });
    const schema = components.schemas.WebSlowBody;
    expect(schema.properties.ms).toEqual({ type: 'integer', format: 'int32', default: 5 });
    expect(schema.required).toEqual([]);
  });
});

test('errors of sources that blame the request, over HTTP', async () => {
  const fail = (code: string) => () => {
    throw sourceError(code, code, 'orders');
  };
  const engine = engineOver('type Query { a: String! b: String! c: String! }', {
    a: fail('NOT_FOUND'),
    b: fail('OUT_OF_STOCK'),
    c: fail('E17'),
  });
  const dir = folderOf({ 'web/a.graphql': '{ a }', 'web/b.graphql': '{ b }', 'web/c.graphql': '{ c }' });
  const { call } = await serveBff({ dir, engine: () => engine, errorStatus: new Map([['OUT_OF_STOCK', 409]]) });
  const problem = async (path: string) => {
    const { status, json } = await call(path);
    return [status, json.type, json.errors[0].code];
  };
  expect(await problem('/bff/web/a')).toEqual([404, 'urn:headgate:problem:not-found', 'NOT_FOUND']);
  expect(await problem('/bff/web/b')).toEqual([409, 'urn:headgate:problem:conflict', 'OUT_OF_STOCK']);
  expect(await problem('/bff/web/c')).toEqual([502, 'urn:headgate:problem:source-failed', 'E17']);
});
