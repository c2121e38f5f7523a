import { describe, expect, test } from 'vitest';
import { as, engineOver, folderOf, serveBff } from './support.ts';

const SDL = `
  scalar SecretDate
  enum SecretSort { SECRET_NEW SECRET_OLD }
  input SecretFilter { secretText: String, secretSort: SecretSort = SECRET_NEW, secretInner: SecretFilter }
  type Query { list(id: ID, count: Int, sort: SecretSort, filter: SecretFilter, at: SecretDate, from: String): Int }
  type Mutation { add(filter: SecretFilter!, sorts: [SecretSort!]): Int }
`;

const FILES = {
  'shop/list.graphql': `
    query L($secretId: ID, $count: Int @range(max: 5), $sort: SecretSort, $filter: SecretFilter, $at: SecretDate, $from: String @from(header: "x-secret"))
    @endpoint(path: "/list") { list(id: $secretId, count: $count, sort: $sort, filter: $filter, at: $at, from: $from) }`,
  'shop/add.graphql': `
    mutation A($filter: SecretFilter!, $sorts: [SecretSort!])
    @endpoint(path: "/add", method: POST) { add(filter: $filter, sorts: $sorts) }`,
  'shop/mine.graphql':
    'query M($sort: SecretSort! @from(claim: "order")) @endpoint(path: "/mine") { list(sort: $sort) }',
  'shop/secret-broken.graphql': 'query B @endpoint(path: "/broken") { secretField }',
};

async function serve(hidesDetails: boolean) {
  const engine = engineOver(SDL, { list: 1, add: 1 });
  const { call } = await serveBff({ dir: folderOf(FILES), engine: () => engine, hidesDetails, dev: true });
  return call;
}

const post = (body: object) => ({
  method: 'POST',
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/json' },
});

/** Requests that are wrong, none of which names anything secret itself. */
const WRONG: [string, RequestInit?][] = [
  ['/bff/shop/list?scretId=1'],
  ['/bff/shop/list?id=1'],
  ['/bff/shop/list?unlike=1'],
  ['/bff/shop/list?from=1'],
  ['/bff/shop/list?sort=NEW'],
  ['/bff/shop/list?filter=text'],
  ['/bff/shop/list?filter={"scretText":"a"}'],
  ['/bff/shop/list?filter={"a":"secret? Did you mean (x)"}'],
  ['/bff/shop/list?filter=[1]'],
  ['/bff/shop/list?at=1&at=2'],
  ['/bff/shop/add', post({ filter: { text: 1 }, sorts: ['SECRT_NEW', 7], other: 1 })],
  ['/bff/shop/add', post({ filter: 7, sorts: {} })],
  ['/bff/shop/mine', { headers: as({ sub: 'u1', order: 'NEW' }) }],
  ['/bff/shop/lst'],
  ['/bff/nothing'],
  ['/bff/shop/broken'],
];

/** What of an answer the client has not written itself. */
const names = (text: string) =>
  text.replaceAll('secret? Did you mean (x)', '').match(/\bsecret\w*|\bx-secret\b|did you mean/gi);

describe('answers to requests that are wrong', () => {
  test.each(WRONG)('%s name nothing that there is, where that is hidden', async (path, init) => {
    const hiding = await (await serve(true))(path, init);
    expect(hiding.status).toBeGreaterThanOrEqual(400);
    expect(names(hiding.text)).toEqual(null);
  });

  test('name it, where it is not', async () => {
    const call = await serve(false);
    const found = await Promise.all(WRONG.map(async ([path, init]) => names((await call(path, init)).text)));
    const all = new Set(found.flat());
    for (const name of [
      'did you mean',
      'secretId',
      'SecretSort',
      'SECRET_NEW',
      'SecretFilter',
      'secretText',
      'SecretDate',
    ])
      expect(all).toContain(name);
  });

  test('say what is wrong still', async () => {
    const call = await serve(true);
    const errors = async (path: string, init?: RequestInit) => (await call(path, init)).json.errors;
    const query = await errors('/bff/shop/list?scretId=1&sort=NEW&count=9&at=1&at=2&filter={"scretText":"a"}');
    expect(query).toEqual([
      { parameter: 'count', in: 'query', given: 9, expected: 'a whole number of 5 or less (Int)' },
      { parameter: 'sort', in: 'query', given: 'NEW', expected: 'one of its values' },
      {
        parameter: 'filter',
        in: 'query',
        given: { scretText: 'a' },
        expected: 'an object as JSON: Field "scretText" is not defined.',
      },
      { parameter: 'at', in: 'query', given: ['1', '2'], expected: 'a date, such as 2026-01-31, given once' },
      { parameter: 'scretId', in: 'query', given: '1', expected: 'no parameter of this name' },
    ]);
    expect(await errors('/bff/shop/add', post({}))).toEqual([
      { parameter: 'filter', in: 'body', given: null, expected: 'an object as JSON' },
    ]);
  });
});
