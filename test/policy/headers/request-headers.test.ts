import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import type { Identity } from '../../../src/client/identity.ts';
import { headersSection } from '../../../src/config/sections/headers.ts';
import { compileRequestHeaders } from '../../../src/policy/headers/request-headers.ts';
import type { ClientContext } from '../../../src/sources/source.ts';

type Rules = NonNullable<NonNullable<z.input<typeof headersSection>['all']>['request']>;

const ada: Identity = {
  kind: 'jwt',
  subject: 'ada',
  scopes: ['read:orders', 'profile'],
  claims: { sub: 'ada', 'https://shop.example/tenant': 't1', realm: { roles: ['admin', 'buyer'] }, level: 3 },
};

function client(headers: ClientContext['headers'], identity?: Identity): ClientContext {
  return { requestId: 'r1', ip: '192.0.2.1', headers, identity };
}

/** What these rules send to a subgraph for a client's headers. */
function sent(request: Rules, headers: ClientContext['headers'] = {}, identity?: Identity): Record<string, string> {
  const forward = compileRequestHeaders(headersSection.parse({ all: { request } })).forSubgraph('orders');
  const pairs = forward?.(client(headers, identity)).pairs ?? [];
  return Object.fromEntries(pairs.flatMap((name, at) => (at % 2 === 0 ? [[name, pairs[at + 1] ?? '']] : [])));
}

describe('propagate', () => {
  it('sends on what is named, under that name or another, or a default', () => {
    const rules: Rules = [
      { propagate: { named: 'Authorization' } },
      { propagate: { named: ['x-a', 'x-b'] } },
      { propagate: { named: 'x-tenant', rename: 'x-customer', default: 'none' } },
    ];
    expect(sent(rules, { authorization: 'Bearer x', 'x-b': '2', 'x-tenant': 't1' })).toEqual({
      authorization: 'Bearer x',
      'x-b': '2',
      'x-customer': 't1',
    });
    expect(sent(rules)).toEqual({ 'x-customer': 'none' });
  });

  it('sends on what a pattern matches', () => {
    const headers = { 'x-tenant-id': 't1', 'x-tenant-name': 'Acme', 'x-other': '1', cookie: 'a=b' };
    expect(sent([{ propagate: { matching: '^X-Tenant-' } }], headers)).toEqual({
      'x-tenant-id': 't1',
      'x-tenant-name': 'Acme',
    });
  });

  it.each([
    ...['host', 'accept', 'accept-encoding', 'connection', 'expect', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
    ...['proxy-authorization', 'proxy-connection', 'proxy-anything', 'http2-settings', 'keep-alive', ':path'],
    ...['content-length', 'content-type', 'content-encoding', 'content-md5', 'content-digest', 'content-range'],
    ...['if-none-match', 'if-modified-since', 'if-range', 'range', 'via', 'max-forwards', 'sec-websocket-key'],
  ])('never sends by a pattern: %s', (name) => {
    expect(sent([{ propagate: { matching: '.*' } }], { [name]: 'x', 'x-ok': '1' })).toEqual({ 'x-ok': '1' });
  });

  it.each(['proxy-authorization', 'Content-MD5', 'content-range', 'sec-websocket-key', 'te'])(
    'is refused with a name that is never sent: %s',
    (name) => {
      const read = (rule: Rules[number]) => headersSection.safeParse({ all: { request: [rule] } }).success;
      expect(read({ propagate: { named: name } })).toBe(false);
      expect(read({ propagate: { named: 'x-a', rename: name } })).toBe(false);
      expect(read({ rename: { named: 'x-a', to: name } })).toBe(false);
      expect(read({ propagate: { named: 'if-none-match' } })).toBe(true);
    },
  );

  it('never sends what is about one connection, nor what the client names in connection', () => {
    const headers = {
      host: 'shop.example',
      connection: 'keep-alive, X-Secret',
      'keep-alive': 'timeout=5',
      'content-length': '10',
      'content-type': 'text/plain',
      'accept-encoding': 'gzip',
      'transfer-encoding': 'chunked',
      te: 'trailers',
      upgrade: 'h2c',
      'proxy-authorization': 'Basic x',
      'x-secret': '1',
      'x-note': '2',
    };
    expect(sent([{ propagate: { matching: '.*' } }], headers)).toEqual({ 'x-note': '2' });
    expect(sent([{ propagate: { named: 'x-secret', default: 'none' } }], headers)).toEqual({ 'x-secret': 'none' });
  });
});

describe('insert', () => {
  it('sends a value, a claim, or what else is known of the request', () => {
    const rules: Rules = [
      { insert: { name: 'x-gateway', value: 'headgate' } },
      { insert: { name: 'x-user', from_claim: 'sub' } },
      { insert: { name: 'x-tenant', from_claim: 'https://shop.example/tenant' } },
      { insert: { name: 'x-roles', from_claim: 'realm.roles' } },
      { insert: { name: 'x-level', from_claim: 'level', default: '0' } },
      { insert: { name: 'x-realm', from_claim: 'realm' } },
      { insert: { name: 'x-none', from_claim: 'constructor.name' } },
      { insert: { name: 'x-scopes', from_context: 'scopes' } },
      { insert: { name: 'x-ip', from_context: 'ip' } },
      { insert: { name: 'x-request', from_context: 'request_id' } },
    ];
    expect(sent(rules, {}, ada)).toEqual({
      'x-gateway': 'headgate',
      'x-user': 'ada',
      'x-tenant': 't1',
      'x-roles': 'admin,buyer',
      'x-level': '3',
      'x-realm': '{"roles":["admin","buyer"]}',
      'x-scopes': 'read:orders profile',
      'x-ip': '192.0.2.1',
      'x-request': 'r1',
    });
    expect(sent(rules)).toEqual({
      'x-gateway': 'headgate',
      'x-level': '0',
      'x-ip': '192.0.2.1',
      'x-request': 'r1',
    });
  });

  it.each<[string, Rules]>([
    ['before', [{ insert: { name: 'x-user', from_claim: 'sub' } }, { propagate: { matching: '^x-' } }]],
    ['after', [{ propagate: { named: 'x-user' } }, { insert: { name: 'x-user', from_claim: 'sub' } }]],
    ['a fixed value', [{ insert: { name: 'x-user', value: 'ada' } }, { propagate: { named: 'x-user', default: 'x' } }]],
  ])('is not replaced by what a client sends: %s', (_what, rules) => {
    expect(sent(rules, { 'x-user': 'root', x_user: 'root' }, ada)).toEqual({ 'x-user': 'ada' });
  });

  it('a client cannot take the place of an identity by a header of another name', () => {
    const identity = { insert: { name: 'x-user', from_claim: 'sub' } };
    expect(() => sent([{ propagate: { named: 'x-name', rename: 'x-user' } }, identity])).toThrow('"x-user"');
    expect(() => sent([{ rename: { named: 'x-name', to: 'x-user' } }, identity])).toThrow('could then forge it');
  });

  it('leaves out what no header can hold', () => {
    const evil = { ...ada, claims: { sub: 'a\r\nx-admin: 1', name: 'a\0b', city: 'Zürich' } };
    const rules = ['sub', 'name', 'city'].map((claim) => ({ insert: { name: `x-${claim}`, from_claim: claim } }));
    expect(sent(rules, {}, evil)).toEqual({ 'x-city': Buffer.from('Zürich').toString('latin1') });
  });
});

describe('a claim that is a list', () => {
  const roles = (list: unknown, more = {}) =>
    sent([{ insert: { name: 'x-roles', from_claim: 'roles', ...more } }], {}, { ...ada, claims: { roles: list } })[
      'x-roles'
    ];

  it.each<[string[], string]>([
    [['admin', 'buyer'], 'admin,buyer'],
    [['read:orders', 'a b', "o'neil", 'a=b'], "read:orders,a b,o'neil,a=b"],
    [['admin,owner'], '"admin\\,owner"'],
    [['viewer', 'x,admin,y'], 'viewer,"x\\,admin\\,y"'],
    [['a"b', 'a\\b', '"a,b"'], '"a\\"b","a\\\\b","\\"a\\,b\\""'],
    [['a;q=1', ' a', 'a ', 'a\tb', ''], '"a\\;q=1"," a","a ","a\tb",""'],
    [['CN=ada,O=Shop'], '"CN=ada\\,O=Shop"'],
    [[], ''],
  ])('%j goes as %s', (list, expected) => {
    expect(roles(list)).toBe(expected);
  });

  const parts = fc.constantFrom('admin', 'x', ',', ';', '"', '\\', ' ', 'ü', ',admin,', '","');
  const lists = fc.array(
    fc.array(parts, { maxLength: 6 }).map((some) => some.join('')),
    { maxLength: 4 },
  );

  it('is read as what it was by readers of HTTP lists', () => {
    fc.assert(
      fc.property(lists, (list) => {
        const text = Buffer.from(roles(list) ?? '', 'latin1').toString('utf8');
        const items = [...text.matchAll(/(?:^|,)(?:"((?:[^"\\]|\\.)*)"|([^",]*))/g)];
        const read = items.map(([, quoted, plain]) => quoted?.replaceAll(/\\(.)/g, '$1') ?? plain);
        expect(list.length === 0 ? [''] : list).toEqual(read);
      }),
    );
  });

  it('gives nobody a role that is not in it, however carelessly it is read', () => {
    fc.assert(
      fc.property(lists, (list) => {
        const careless = (roles(list) ?? '').split(/[,;]/).map((item) => item.trim());
        expect(careless.includes('admin')).toBe(list.includes('admin'));
      }),
    );
  });

  it('is left out when something is in it that no header can hold', () => {
    expect(roles(['buyer', 'a\r\nx-admin: 1'])).toBeUndefined();
    expect(roles(['buyer', 'a\0'], { default: 'none' })).toBe('none');
  });
});

it('a scope with a blank in it is not sent as two', () => {
  const identity = { ...ada, scopes: ['read', 'write admin'] };
  expect(sent([{ insert: { name: 'x-scopes', from_context: 'scopes' } }], {}, identity)).toEqual({
    'x-scopes': 'read',
  });
});

it('remove and rename act on what the rules before them send', () => {
  const headers = { 'x-a': '1', 'x-b': '2', 'x-c': '3' };
  const rules: Rules = [
    { propagate: { matching: '^x-' } },
    { remove: { named: 'x-a' } },
    { rename: { named: 'x-b', to: 'x-d' } },
  ];
  expect(sent(rules, headers)).toEqual({ 'x-c': '3', 'x-d': '2' });
  expect(sent([...rules, { remove: { matching: 'c|d' } }], headers)).toEqual({});
});

describe('rules of one subgraph', () => {
  const rules = compileRequestHeaders(
    headersSection.parse({
      all: { request: [{ propagate: { named: 'authorization' } }] },
      subgraphs: {
        payments: { request: [{ remove: { named: 'authorization' } }, { insert: { name: 'x-key', value: 'k' } }] },
        orders: {},
      },
    }),
  );
  const one = client({ authorization: 'Bearer x' });

  it('come after those for all, and concern no other', () => {
    expect(rules.forSubgraph('payments')?.(one).pairs).toEqual(['x-key', 'k']);
    expect(rules.forSubgraph('orders')?.(one).pairs).toEqual(['authorization', 'Bearer x']);
    expect(rules.forSubgraph('toString')?.(one).pairs).toEqual(['authorization', 'Bearer x']);
  });

  it('are applied once for one client request', () => {
    const [orders, users] = [rules.forSubgraph('orders'), rules.forSubgraph('users')];
    expect(orders?.(one)).toBe(users?.(one));
    expect(orders?.(client({ authorization: 'Bearer x' }))).not.toBe(users?.(one));
  });
});

it('without any rule, nothing has to be called', () => {
  expect(compileRequestHeaders(headersSection.parse({})).forSubgraph('orders')).toBeUndefined();
});

it('requests that differ in what only correlates them belong together', () => {
  const forward = compileRequestHeaders(
    headersSection.parse({ all: { request: [{ propagate: { matching: '.*' } }] } }),
  ).forSubgraph('orders');
  const key = (headers: Record<string, string>) => forward?.(client(headers)).sharingKey;
  expect(key({ 'x-request-id': '1', traceparent: 'a' })).toBe(key({ 'x-request-id': '2', traceparent: 'b' }));
  expect(key({ cookie: 'a' })).not.toBe(key({ cookie: 'b' }));
});

it.each([
  [{ insert: { name: 'traceparent', from_claim: 'sub' } }, true],
  [{ propagate: { named: 'x-tenant', rename: 'tracestate' } }, true],
  [{ propagate: { named: 'x-request-id', rename: 'tracestate' } }, false],
  [{ insert: { name: 'x-id', from_context: 'request_id' } }, false],
])('what only correlates requests counts where a rule writes something else into it: %j', (rule, counts) => {
  const settings = headersSection.parse({ all: { request: [rule] } });
  const forward = compileRequestHeaders(settings).forSubgraph('orders');
  const keyOf = (sub: string) =>
    forward?.({
      requestId: sub,
      headers: { 'x-tenant': sub, 'x-request-id': sub },
      identity: { kind: 'jwt', subject: sub, scopes: [], claims: { sub } },
    }).sharingKey;
  expect(keyOf('ada') !== keyOf('bob')).toBe(counts);
});

it('says which headers tell subgraphs who asks, also under another name', () => {
  const request = [
    { insert: { name: 'x-user', from_claim: 'sub' } },
    { insert: { name: 'x-id', from_context: 'request_id' } },
    { rename: { named: 'x-user', to: 'x-viewer' } },
    { propagate: { named: 'x-app' } },
  ];
  const forward = compileRequestHeaders(headersSection.parse({ all: { request } })).forSubgraph('orders');
  expect([...(forward?.(client({})).identityHeaders ?? [])]).toEqual(['x-user', 'x-viewer']);
});

describe('rules that cannot be', () => {
  it.each([
    [{ propagate: { named: 'Host' } }, 'never passed on'],
    [{ insert: { name: 'content-length', value: '1' } }, 'never passed on'],
    [{ insert: { name: 'x-a', value: 'a\r\nb: c' } }, 'one line'],
    [{ insert: { name: 'x a', value: '1' } }, 'name of a header'],
    [{ insert: { name: 'x-a', value: '1', from_claim: 'sub' } }, 'expected one of `value`'],
    [{ propagate: { named: 'a', matching: 'b' } }, 'either `named` or `matching`'],
    [{ propagate: { named: ['a', 'b'], rename: 'c' } }, 'one name'],
    [{ propagate: { matching: '(' } }, 'regular expression'],
    [{ propagate: { named: 'a' }, remove: { named: 'a' } }, 'expected one of `propagate`'],
    [{}, 'expected one of `propagate`'],
  ])('%j', (rule, message) => {
    const { error } = headersSection.safeParse({ all: { request: [rule] } });
    expect(error?.issues.map((issue) => issue.message).join()).toContain(message);
  });
});
