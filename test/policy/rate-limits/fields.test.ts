import { describe, expect, test } from 'vitest';
import type { Identity } from '../../../src/client/identity.ts';
import { limitedWorld, user } from './limited-world.ts';

describe('a field over its limit', () => {
  const searchTwice = { fields: { 'Query.search': [{ limit: 2, window: '10s' }] } };

  test('is null, with one error at its path; the other fields are served and nothing is fetched for it', async () => {
    const { world, ask } = limitedWorld(searchTwice);
    const query = '{ me results: search(text: "a") { id } }';
    for (let i = 0; i < 2; i++) expect((await ask(query)).errors).toEqual([]);
    const before = world.requests.length;
    const answer = await ask(query);
    expect(JSON.parse(answer.dataText ?? '')).toEqual({ me: 'me', results: null });
    expect(answer.errors).toEqual([
      {
        message: 'Too many requests for "search": the limit "Query.search" is 2 in 10s. Try again in 5 seconds.',
        path: ['results'],
        extensions: { code: 'RATE_LIMITED', retryAfter: 5 },
      },
    ]);
    expect(world.requests.slice(before).map((request) => request.query)).toEqual(['{me}']);
  });

  test('is served again when it said so', async () => {
    const { outcome, pass } = limitedWorld(searchTwice);
    const ask = () => outcome('{ search { id } }');
    expect([await ask(), await ask(), await ask()]).toEqual(['served', 'served', 'search']);
    pass(4_999);
    expect(await ask()).toBe('search');
    pass(1);
    expect([await ask(), await ask()]).toEqual(['served', 'search']);
  });

  test('counts as often as it is written, also under aliases and in fragments', async () => {
    const { outcome } = limitedWorld(searchTwice);
    expect(await outcome('{ a: search { id } ...B c: search { id } } fragment B on Query { b: search { id } }')).toBe(
      'a b c',
    );
    expect(await outcome('{ a: search { id } b: search { name } }')).toBe('served');
  });

  test('counts once where it is the same field twice, or where @skip takes it out', async () => {
    const { outcome } = limitedWorld(searchTwice);
    expect(await outcome('{ search { id } search { name } }')).toBe('served');
    expect(await outcome('query ($no: Boolean = true) { search @skip(if: $no) { id } me }')).toBe('served');
    expect(await outcome('{ search { id } }')).toBe('served');
    expect(await outcome('{ search { id } }')).toBe('search');
  });

  test('says so when more is asked for at once than is ever allowed', async () => {
    const { ask } = limitedWorld(searchTwice);
    const { errors } = await ask('{ a: search { id } b: search { id } c: search { id } }');
    expect(errors[0]).toEqual({
      message:
        'Too many requests for "search": the limit "Query.search" is 2 in 10s. The request asks for more at once than is ever allowed.',
      path: ['a'],
      extensions: { code: 'RATE_LIMITED' },
    });
  });
});

const key = user('shop', { kind: 'api_key', clientId: 'shop', apiKeyOwner: 'shop', claims: { owner: 'shop' } });
const issued = (subject: string, more: Partial<Identity> = {}) =>
  user(subject, { claims: { sub: subject, iss: 'https://a.example' }, ...more });
const numbered = (sub: number) => ({ identity: user('', { subject: undefined, claims: { sub } }) });

describe('what a limit goes by', () => {
  const once = (...by: string[]) => ({ fields: { 'Query.search': [{ limit: 1, by }] } });
  const query = '{ search { id } }';

  test.each([
    ['client', { identity: user('ada') }, { identity: user('bob') }],
    ['client', { ip: '192.0.2.1' }, { ip: '192.0.2.2' }],
    ['client', { identity: user('a', { kind: 'api_key', clientId: 'shop' }) }, { identity: user('shop') }],
    ['ip', { ip: '192.0.2.1', identity: user('ada') }, { ip: '192.0.2.2', identity: user('ada') }],
    ['ip', { ip: '2001:db8::1' }, { ip: '2001:db8:0:1::1' }],
    ['client', { identity: user('', { subject: undefined, clientId: 'shop' }) }, { identity: key }],
    ['client', { identity: numbered(1).identity }, { identity: user('1', { claims: { sub: '1' } }) }],
    ['user', { identity: issued('ada') }, { identity: issued('ada', { claims: { iss: 'https://b.example' } }) }],
    [
      'claim:realm.tenant',
      { identity: user('a', { claims: { realm: { tenant: 1 } } }) },
      { identity: user('a', { claims: { realm: { tenant: 2 } } }) },
    ],
    ['user', { identity: user('ada') }, { identity: user('bob') }],
    [
      'claim:tenant',
      { identity: user('a', { claims: { tenant: 1 } }) },
      { identity: user('a', { claims: { tenant: 2 } }) },
    ],
    ['header:X-App', { headers: { 'x-app': 'web' } }, { headers: { 'x-app': 'ios' } }],
  ])('%s: the same again is over it, another is not', async (by, one, another) => {
    const { outcome } = limitedWorld(once(by));
    expect([await outcome(query, one), await outcome(query, one), await outcome(query, another)]).toEqual([
      'served',
      'search',
      'served',
    ]);
  });

  test.each([
    ['client', { ip: '192.0.2.1', identity: user('ada') }, { ip: '192.0.2.2', identity: user('ada') }],
    ['ip', { ip: '2001:db8::1' }, { ip: '2001:0DB8:0:0:ffff::2' }],
    ['client', { identity: key }, { identity: { ...key, ...user('ada') } }],
    ['client', { identity: { ...key, ...user('ada') } }, { identity: { ...key, ...user('bob') } }],
    ['client', { identity: { ...key, ...user('ada') } }, { identity: { ...key, ...user('ada', { kind: 'opaque' }) } }],
    ['client', { identity: key }, { identity: { ...key, ...user('', { subject: undefined }) }, ip: '192.0.2.9' }],
    ['user', { identity: key }, { identity: { ...key, ...user('', { subject: undefined }) }, ip: '192.0.2.9' }],
    ['user', { identity: { ...key, ...user('ada') } }, { identity: user('ada') }],
    ['user', { identity: issued('ada') }, { identity: issued('ada', { kind: 'session' }) }],
    ['user', { identity: user('', { subject: undefined, claims: { sub: 7 } }) }, { ...numbered(7), ip: '192.0.2.9' }],
    ['ip', { ip: '192.0.2.1' }, { ip: '::ffff:192.0.2.1' }],
    ['ip', { ip: '192.0.2.1' }, { ip: '::FFFF:C000:0201' }],
    ['ip', { ip: '192.0.2.1' }, { ip: '0:0:0:0:0:ffff:c000:201' }],
    ['user', { ip: '192.0.2.1' }, { ip: '192.0.2.1', headers: { 'x-user': 'somebody' } }],
    ['claim:__proto__', { identity: user('ada') }, { identity: user('bob') }],
    ['global', { identity: user('ada') }, { ip: '192.0.2.2' }],
  ])('%s: those count together', async (by, one, another) => {
    const { outcome } = limitedWorld(once(by));
    expect([await outcome(query, one), await outcome(query, another)]).toEqual(['served', 'search']);
  });

  test('an argument, whether it is written or in a variable, as a number or as text', async () => {
    const { outcome } = limitedWorld(once('arg:filter.shop'));
    const from = (shop: unknown) =>
      outcome('query ($filter: Filter) { search(filter: $filter) { id } }', { variables: { filter: { shop } } });
    expect(await outcome('{ search(filter: { shop: 7 }) { id } }')).toBe('served');
    expect(await from('7')).toBe('search');
    expect(await from(7)).toBe('search');
    expect(await from('8')).toBe('served');
    expect(await outcome('{ a: search(filter: { shop: 9 }) { id } b: search(filter: { shop: 8 }) { id } }')).toBe('b');
  });

  test.each([
    ['first', ['list', 'list(first: 10)', 'list(first: $ten)', 'list(first: $nothing)'], 'list(first: 11)'],
    ['first', ['list(first: $eleven)', 'list(first: 11)'], 'list(first: null)'],
    ['first', ['list(first: null)', 'list(first: $null)'], 'list'],
    ['order', ['list', 'list(order: ASC)', 'list(order: $asc)'], 'list(order: DESC)'],
    ['page.shop', ['list', 'list(page: { shop: "main" })', 'list(page: $main)'], 'list(page: { shop: "other" })'],
    [
      'page.size',
      ['list', 'list(page: { size: 20 })', 'list(page: $main)', 'list(page: {})'],
      'list(page: { size: 21 })',
    ],
    ['page.size', ['list(page: { size: $nothing })', 'list(page: { size: $twenty })'], 'list(page: { size: $ten })'],
    ['page', ['list', 'list(page: { size: 20, shop: "main" })', 'list(page: $main)'], 'list(page: null)'],
    ['ids', ['list(ids: 1)', 'list(ids: ["1"])', 'list(ids: $one)'], 'list(ids: [1, 2])'],
    ['plain', ['list', 'list(plain: null)', 'list(plain: $text)'], 'list(plain: "")'],
  ])('arg:%s is what the field gets, defaults included: %j are one, %s is another', async (path, same, another) => {
    const { outcome } = limitedWorld({ fields: { 'Query.list': [{ limit: 1, by: [`arg:${path}`] }] } });
    const types = ['$nothing: Int', '$null: Int', '$ten: Int', '$twenty: Int = 20', '$eleven: Int = 11'];
    const others = ['$asc: Order', '$main: Page', '$one: [ID!]', '$text: String'];
    const variables = { null: null, ten: 10, asc: 'ASC', main: { shop: 'main' }, one: 1 };
    const ask = (field: string) => {
      const used = [...types, ...others].filter((type) => field.includes(type.split(':')[0] as string));
      return outcome(`query ${used.length > 0 ? `(${used})` : ''} { list: ${field} }`, { variables });
    };
    expect(await ask(same[0] as string)).toBe('served');
    for (const field of same.slice(1)) expect(await ask(field)).toBe('list');
    expect(await ask(another)).toBe('served');
  });

  test('each field of one operation counts by its own argument, whatever it is called', async () => {
    const { outcome } = limitedWorld({ fields: { 'Query.list': [{ limit: 1, by: ['arg:first'] }] } });
    expect(await outcome('{ a: list b: list(first: 11) c: list(first: 12) }')).toBe('served');
    expect(await outcome('{ d: list(first: 10) e: list(first: 13) f: list(first: 12) }')).toBe('d f');
    expect(await outcome('{ g: list(first: 14) h: list(first: 14) }')).toBe('g h');
  });

  test('several things together', async () => {
    const { outcome } = limitedWorld(once('user', 'arg:text'));
    const ask = (subject: string, text: string) =>
      outcome(`{ search(text: "${text}") { id } }`, { identity: user(subject) });
    expect(await ask('ada', 'a')).toBe('served');
    expect(await ask('ada', 'b')).toBe('served');
    expect(await ask('bob', 'a')).toBe('served');
    expect(await ask('ada', 'a')).toBe('search');
  });
});

describe('several limits', () => {
  test('of one field have to allow it all, and count only if they do', async () => {
    const { outcome, pass } = limitedWorld({
      fields: {
        'Query.search': [
          { limit: 1, window: '1s', algorithm: 'FIXED_WINDOW' },
          { limit: 2, window: '1m', algorithm: 'FIXED_WINDOW' },
        ],
      },
    });
    const ask = () => outcome('{ search { id } }');
    expect([await ask(), await ask(), await ask()]).toEqual(['served', 'search', 'search']);
    pass(1_000);
    expect(await ask()).toBe('served');
    pass(1_000);
    expect(await ask()).toBe('search');
  });

  test('of one name share what they count', async () => {
    const shared = { limit: 2, name: 'heavy' };
    const { outcome } = limitedWorld({ fields: { 'Query.search': [shared], 'Query.reports': [shared] } });
    expect(await outcome('{ search { id } reports { id } }')).toBe('served');
    expect(await outcome('{ reports { id } }')).toBe('reports');
  });
});

describe('a limit on a type', () => {
  const limits = { fields: { Report: [{ limit: 1 }] } };

  test.each([
    ['a field', '{ report { text } }', 'report'],
    ['a list', '{ reports { id } }', 'reports'],
    ['a fragment on it', '{ node(id: "r1") { __typename ... on Report { text } } }', 'node.text'],
    ['an interface that it has', '{ node(id: "r1") { id } }', 'node'],
  ])('is reached through %s', async (_, query, path) => {
    const { outcome } = limitedWorld(limits);
    expect([await outcome(query), await outcome(query)]).toEqual(['served', path]);
  });

  test('is not touched by what reads nothing of it', async () => {
    const { outcome } = limitedWorld(limits);
    for (let i = 0; i < 3; i++) {
      expect(await outcome('{ me report { __typename } node(id: "p1") { ... on Product { name } } }')).toBe('served');
    }
  });

  test('on the root covers all that is asked', async () => {
    const { outcome } = limitedWorld({ fields: { Query: [{ limit: 1 }] } });
    expect(await outcome('{ me search { id } }')).toBe('served');
    expect(await outcome('{ me search { id } }')).toBe('me search');
    expect(await outcome('mutation { buy(id: 1) }')).toBe('served');
  });
});

test('a limit on the field of an object holds when it is read through an interface, and the other way round', async () => {
  const { outcome } = limitedWorld({ fields: { 'Product.id': [{ limit: 1 }] } });
  expect(await outcome('{ node(id: "p1") { id } }')).toBe('served');
  expect(await outcome('{ search { id } }')).toBe('search.id');
  const other = limitedWorld({ fields: { 'Node.id': [{ limit: 1 }] } });
  expect(await other.outcome('{ search { id } }')).toBe('served');
  expect(await other.outcome('{ node(id: "p1") { id } }')).toBe('node.id');
});

describe('a mutation over its limit', () => {
  test('does not happen', async () => {
    const { world, outcome } = limitedWorld({ fields: { 'Mutation.buy': [{ limit: 1 }] } });
    expect(await outcome('mutation { buy(id: 1) }')).toBe('served');
    const before = world.requests.length;
    expect(await outcome('mutation { buy(id: 1) }')).toBe('buy');
    expect(world.requests.length).toBe(before);
  });
});
