import { describe, expect, test } from 'vitest';
import { audienceOf } from '../../src/client/audience.ts';
import { callerKey, inFlightKey, sharedKey, viewerKey } from '../../src/client/dependency-keys.ts';
import {
  ANYTHING,
  type DependsOn,
  NOTHING,
  type Reads,
  reads,
  UNDECLARED,
  withoutHeaders,
  withReads,
} from '../../src/client/depends-on.ts';
import type { Identity } from '../../src/client/identity.ts';
import { principalKey } from '../../src/client/principal.ts';

const token = (claims: Record<string, unknown>, rest: Partial<Identity> = {}): Identity => ({
  kind: 'jwt',
  subject: typeof claims.sub === 'string' ? claims.sub : undefined,
  scopes: [],
  claims,
  ...rest,
});

describe('one principal', () => {
  test.each([
    ['another token', { sub: 'ada', exp: 1, jti: 'a' }, { sub: 'ada', exp: 2, jti: 'b' }],
    ['members in another order', { sub: 'ada', at: { a: 1, b: [2] } }, { at: { b: [2], a: 1 }, sub: 'ada' }],
  ])('with %s', (_, one, other) => {
    expect(principalKey(token(one))).toBe(principalKey(token(other)));
  });

  test('with the same scopes in another order', () => {
    const scoped = (scopes: string[]) => principalKey(token({ sub: 'ada' }, { scopes }));
    expect(scoped(['a', 'b'])).toBe(scoped(['b', 'a']));
    expect(scoped(['a', 'b'])).not.toBe(scoped(['a']));
  });
});

test.each([
  ['issuers', { iss: 'a', sub: 'ada' }, { iss: 'b', sub: 'ada' }],
  ['a number and a text', { sub: 1 }, { sub: '1' }],
  ['claims', { sub: 'ada', tenant: 1 }, { sub: 'ada', tenant: '1' }],
  ['lists and what is in them', { sub: 'ada', groups: [['a'], 'b'] }, { sub: 'ada', groups: ['a', 'b'] }],
  ['a list and an object', { sub: 'ada', x: [['a', 1]] }, { sub: 'ada', x: { a: 1 } }],
  ['ids of tokens that name nobody', { jti: 'a' }, { jti: 'b' }],
])('two principals differ in %s', (_, one, other) => {
  expect(principalKey(token(one))).not.toBe(principalKey(token(other)));
});

const DEPENDS: DependsOn = {
  ...NOTHING,
  headers: new Set(['x-app', 'authorization', 'x-api-key', 'x-labels']),
  credentials: {
    headers: new Set(['authorization', 'cookie', 'x-api-key']),
    tokenHeader: 'authorization',
    apiKeyHeader: 'x-api-key',
  },
};
const facts = (identity?: Identity, ip = '192.0.2.1') => ({ ip, identity });

describe('a repetition of a request', () => {
  const key = (headers: Record<string, string>, identity?: Identity, dependsOn = DEPENDS, ip?: string) =>
    callerKey({ clientInfo: facts(identity, ip), headers }, dependsOn);
  const ada = token({ sub: 'ada' });

  test('has the same key with another token, another id and in another order of headers', () => {
    const first = { 'x-app': 'a', authorization: 'Bearer 1', 'x-request-id': '1', 'content-length': '2' };
    const again = { 'content-length': '3', 'x-request-id': '2', authorization: 'Bearer 2', 'x-app': 'a' };
    expect(key(first, ada)).toBe(key(again, ada));
    expect(key({ ...first, cookie: 'a' }, ada)).toBe(key(again, ada));
  });

  test.each([
    ['a forwarded header', { 'x-app': 'a' }, { 'x-app': 'b' }],
    ['a header that chooses labels', {}, { 'x-labels': 'b' }],
    ['a forwarded credential that was not verified', { 'x-api-key': 'a' }, { 'x-api-key': 'b' }],
    ['what "connection" keeps from sources', { 'x-app': 'a' }, { 'x-app': 'a', connection: 'x-app' }],
  ])('has another key with %s', (_, one, other) => {
    expect(key(one, ada)).not.toBe(key(other, ada));
  });

  test('of an unknown client contains all credentials', () => {
    expect(key({ cookie: 'a' })).not.toBe(key({ cookie: 'b' }));
    expect(key({ authorization: 'a' })).not.toBe(key({}));
  });

  test('a token may stand in several places: then it is not known which header was verified', () => {
    const several = { ...DEPENDS, credentials: { headers: new Set(['authorization']), tokenHeader: undefined } };
    expect(key({ authorization: 'Basic 1' }, ada, several)).not.toBe(key({ authorization: 'Basic 2' }, ada, several));
  });

  test('comes from the same address, where sources are sent it', () => {
    const addressed = { ...DEPENDS, address: true };
    expect(key({}, ada, addressed, '192.0.2.1')).not.toBe(key({}, ada, addressed, '192.0.2.2'));
    expect(key({}, ada, DEPENDS, '192.0.2.1')).toBe(key({}, ada, DEPENDS, '192.0.2.2'));
  });

  test('may depend on any header where a module decides', () => {
    const dependsOn = withReads(DEPENDS, ANYTHING);
    const decided = (headers: Record<string, string>) => callerKey({ clientInfo: facts(ada), headers }, dependsOn);
    expect(decided({ 'x-role': 'a' })).not.toBe(decided({ 'x-role': 'b' }));
  });
});

test('shared responses differ by what is read and by nothing else', () => {
  const key = (headers: Record<string, string>) =>
    sharedKey({ clientInfo: facts(), headers }, withReads(DEPENDS, reads({ headers: ['x-page'] })));
  expect(key({ 'user-agent': 'a', cookie: 'a' })).toBe(key({ 'user-agent': 'b', cookie: 'b' }));
  expect(key({ 'x-app': 'a' })).not.toBe(key({ 'x-app': 'b' }));
  expect(key({ 'x-app': 'a' })).not.toBe(key({ 'x-app': 'a', connection: 'x-app' }));
  expect(key({ 'x-page': '' })).not.toBe(key({}));
});

test('the address is part of the key where it is read', () => {
  const key = (ip: string, address: boolean) =>
    viewerKey({ clientInfo: facts(undefined, ip), headers: {} }, { ...DEPENDS, address });
  expect(key('192.0.2.1', true)).not.toBe(key('192.0.2.2', true));
  expect(key('192.0.2.1', false)).toBe(key('192.0.2.2', false));
});

describe('requests in flight', () => {
  type Sender = [headers: Record<string, string>, identity?: Identity, ip?: string];
  const key = (dependsOn: DependsOn, ...[headers, identity, ip]: Sender) =>
    inFlightKey({ clientInfo: facts(identity, ip), headers }, dependsOn);
  const ada = token({ sub: 'ada' });

  test('share where they differ in nothing that is read', () => {
    const one = key(NOTHING, { 'x-app': 'a', authorization: 'Bearer 1' }, ada, '192.0.2.1');
    expect(key(NOTHING, { 'x-app': 'b' }, undefined, '192.0.2.2')).toBe(one);
  });

  test.each<[string, Reads, Sender, Sender]>([
    ['a header', reads({ headers: ['x-app'] }), [{ 'x-app': 'a' }], [{ 'x-app': 'b' }]],
    ['an empty header and none', reads({ headers: ['x-app'] }), [{ 'x-app': '' }], [{}]],
    ['a header by a pattern', reads({ patterns: [(name) => name.startsWith('x-')] }), [{ 'x-a': '1' }], [{}]],
    ['a token', reads({ identity: true }), [{ authorization: 'a' }, ada], [{ authorization: 'b' }, ada]],
    ['a cookie', reads({ identity: true }), [{ cookie: 'a' }], [{ cookie: 'b' }]],
    ['the kind of a credential', reads({ identity: true }), [{}, ada], [{}, { ...ada, kind: 'session' }]],
    ['an address', reads({ address: true }), [{}, undefined, '192.0.2.1'], [{}, undefined, '192.0.2.2']],
    ['a header that nobody knows', ANYTHING, [{ 'x-some': '1' }], [{}]],
  ])('do not share where they differ in %s that is read', (_, read, one, other) => {
    const dependsOn = withReads(NOTHING, read);
    expect(key(dependsOn, ...one)).not.toBe(key(dependsOn, ...other));
  });

  test('do not share where something does not declare what it reads', () => {
    expect(key(withReads(NOTHING, UNDECLARED), {})).toBeUndefined();
  });
});

describe('a record', () => {
  test('that nothing is added to stays the same object, as does one with the same addition', () => {
    const more = reads({ headers: ['x-page'] });
    expect(withReads(DEPENDS, NOTHING)).toBe(DEPENDS);
    expect(withReads(DEPENDS, more)).toBe(withReads(DEPENDS, more));
    expect([...withReads(DEPENDS, more).headers]).toEqual([...DEPENDS.headers, 'x-page']);
  });

  test('loses headers that never arrive', () => {
    const { headers, patterns } = withoutHeaders(
      withReads(DEPENDS, reads({ patterns: [() => true] })),
      new Set(['x-app']),
    );
    expect([headers.has('x-app'), patterns.some((matches) => matches('x-app'))]).toEqual([false, false]);
    expect([headers.has('x-labels'), patterns.some((matches) => matches('x-other'))]).toEqual([true, true]);
  });
});

describe('who may keep an answer', () => {
  const audience = (
    scope: 'public' | 'private' | 'unspecified',
    changed: Partial<DependsOn> = {},
    identity?: Identity,
  ) => {
    const { isPrivate, vary } = audienceOf(
      { scope },
      { clientInfo: facts(identity), headers: {} },
      {
        ...DEPENDS,
        ...changed,
      },
    );
    return `${isPrivate ? 'private' : 'public'}: ${vary.join(' ')}`;
  };
  const NAMES = 'x-app authorization x-api-key x-labels cookie';

  test.each([
    ['declared public', audience('public'), 'public: x-app x-api-key x-labels'],
    ['declared private', audience('private'), `private: ${NAMES}`],
    ['nothing declared', audience('unspecified'), `public: ${NAMES}`],
    ['nothing declared, by somebody known', audience('unspecified', {}, token({ sub: 'ada' })), `private: ${NAMES}`],
    ['the address is read', audience('public', { address: true }), 'private: x-app x-api-key x-labels'],
    ['a policy decides what clients may read', audience('public', { isGuarded: true }), `private: ${NAMES}`],
    ['something is not declared', audience('public', { isUndeclared: true }), 'private: *'],
    ['any header may be read', audience('public', { patterns: [() => true] }), 'private: *'],
    [
      'clients are known by certificates',
      audience('unspecified', { credentials: { headers: new Set(['cookie']), certificates: true } }),
      `private: x-app authorization x-api-key x-labels cookie`,
    ],
    [
      'nobody else is answered',
      audience('public', { credentials: { headers: new Set(['cookie']), required: true } }),
      'private: x-app authorization x-api-key x-labels cookie',
    ],
  ])('%s', (_, reported, expected) => {
    expect(reported).toBe(expected);
  });
});
