import { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { headersSection } from '../../../src/config/sections/headers.ts';
import { compileResponseHeaders } from '../../../src/policy/headers/response-headers.ts';

type Settings = z.input<typeof headersSection>;
type Rules = NonNullable<NonNullable<Settings['all']>['response']>;

/** What a client gets when subgraphs answer with these headers, one after the other. */
function got(settings: Settings, ...answers: [subgraph: string, ...pairs: string[]][]) {
  const gathered = compileResponseHeaders(headersSection.parse(settings))?.collect();
  for (const [subgraph, ...pairs] of answers) gathered?.receive(subgraph, pairs);
  const res = new ServerResponse({ method: 'POST' } as never);
  gathered?.writeTo(res);
  return { ...res.getHeaders() };
}

const all = (...response: Rules): Settings => ({ all: { response } });

describe('headers of subgraph answers', () => {
  it.each([
    ['first', '1'],
    ['last', '2'],
    ['append', '1, 2'],
  ] as const)('of several subgraphs: %s', (algorithm, value) => {
    const settings = all({ propagate: { named: 'x-region', algorithm } });
    expect(got(settings, ['a', 'x-region', '1'], ['b', 'x-other', 'x'], ['c', 'x-region', '2'])).toEqual({
      'x-region': value,
    });
  });

  it('go on under another name, or with a default where none was sent', () => {
    const settings = all({ propagate: { named: 'x-region', rename: 'x-place', default: 'nowhere' } });
    expect(got(settings, ['a'], ['b', 'x-region', 'eu'], ['c'])).toEqual({ 'x-place': 'eu' });
    expect(got(settings, ['a'])).toEqual({ 'x-place': 'nowhere' });
  });

  it('all cookies go on, each by itself', () => {
    const settings = all({ propagate: { named: 'set-cookie' } });
    expect(got(settings, ['a', 'set-cookie', 'a=1', 'set-cookie', 'b=2'], ['b', 'set-cookie', 'c=3; Path=/'])).toEqual({
      'set-cookie': ['a=1', 'b=2', 'c=3; Path=/'],
    });
  });

  it('never go on when they are about the connection or the body', () => {
    const settings = all({ propagate: { matching: '.*' } }, { remove: { matching: '^x-internal-' } });
    const pairs = ['content-length', '9', 'transfer-encoding', 'chunked', 'connection', 'x', 'content-type', 'a/b'];
    expect(got(settings, ['a', ...pairs, 'x-ok', '1', 'x-internal-host', 'db1'])).toEqual({ 'x-ok': '1' });
  });

  const OTHERS = [
    ...['access-control-allow-origin', 'access-control-allow-credentials', 'access-control-x'],
    ...['age', 'date', 'etag', 'last-modified', 'accept-ranges', 'expires', 'cache-control', 'vary', 'pragma'],
    ...['content-encoding', 'content-language', 'content-location', 'content-range', 'content-security-policy'],
    ...['keep-alive', 'trailer', 'upgrade', 'te', 'proxy-authenticate', 'proxy-anything'],
    ...['server', 'via', 'alt-svc', 'strict-transport-security', 'location', 'link', 'clear-site-data'],
    ...[
      'www-authenticate',
      'x-request-id',
      'ratelimit',
      'ratelimit-policy',
      'retry-after',
      'cross-origin-opener-policy',
    ],
    ...['cdn-cache-control', 'cloudflare-cdn-cache-control', 'surrogate-control', 'no-vary-search', 'allow'],
    ...['x-accel-redirect', 'x-accel-expires', 'x-sendfile', 'accept-ch', 'critical-ch', 'idempotency-replayed'],
    ...['traceparent', 'x-xss-protection', 'set-login', 'speculation-rules'],
  ];

  it.each(OTHERS)('never go on by a pattern when they are about something else: %s', (name) => {
    const settings = all({ propagate: { matching: '.*' } });
    expect(got(settings, ['a', name, 'x', 'x-ok', '1'])).toEqual({ 'x-ok': '1' });
  });

  it('never go on when the subgraph’s `connection` names them', () => {
    const pairs = ['x-hop', '1', 'connection', 'close, X-Hop', 'x-ok', '1', 'connection', 'x-other', 'x-other', '1'];
    expect(got(all({ propagate: { matching: '.*' } }), ['a', ...pairs])).toEqual({ 'x-ok': '1' });
    expect(got(all({ propagate: { named: ['x-hop', 'x-ok'] } }), ['a', ...pairs])).toEqual({ 'x-ok': '1' });
    expect(got(all({ propagate: { named: 'x-hop', rename: 'x-a' } }), ['a', ...pairs])).toEqual({});
  });

  it('never go on with a value that is not one line', () => {
    const settings = all({ propagate: { matching: '.*' } });
    expect(got(settings, ['a', 'x-a', 'a\r\nset-cookie: b', 'x-b', 'a\u0000', 'x-c', 'ok'])).toEqual({ 'x-c': 'ok' });
  });

  it('go on when a rule names them, if they may', () => {
    const named = [
      'cache-control',
      'cdn-cache-control',
      'expires',
      'strict-transport-security',
      'content-language',
      'retry-after',
    ];
    const pairs = named.flatMap((name) => [name, 'x']);
    expect(Object.keys(got(all({ propagate: { named } }), ['a', ...pairs]))).toEqual(named);
  });

  it.each([
    ...['access-control-allow-origin', 'date', 'age', 'etag', 'last-modified', 'content-range', 'content-digest'],
    ...['accept-ranges', 'alt-svc', 'proxy-status', 'transfer-encoding', 'connection', 'x-request-id', 'ETag'],
  ])('are refused in a rule that names them where they may not: %s', (name) => {
    const read = (rule: Rules[number]) => headersSection.safeParse(all(rule));
    const { error } = read({ propagate: { named: ['x-a', name] } });
    expect(error?.issues[0]?.message).toMatch(new RegExp(`"${name.toLowerCase()}".*is never (passed on|returned)`));
    expect(error?.issues[0]?.path.join('.')).toMatch(/^all\.response\.0\.propagate\.named/);
    expect(read({ propagate: { named: 'x-a', rename: name } }).success).toBe(false);
  });

  it('go on under another name, whatever they are about', () => {
    const settings = all({ propagate: { named: 'etag', rename: 'x-subgraph-etag' } });
    expect(got(settings, ['a', 'etag', '"1"'])).toEqual({ 'x-subgraph-etag': '"1"' });
  });

  it('set no cookie of the gateway’s login', () => {
    const cookies = [
      'headgate-session=1',
      ' headgate-session=1',
      '=headgate-session=1',
      '__Host-headgate-session=1; Path=/',
    ];
    const pairs = cookies.flatMap((cookie) => ['set-cookie', cookie]);
    const settings = all({ propagate: { named: 'set-cookie' } });
    expect(got(settings, ['a', ...pairs, 'set-cookie', 'own=headgate-session'])).toEqual({
      'set-cookie': ['own=headgate-session'],
    });
  });

  it('say together what the answer varies by, beside what the gateway says', () => {
    const gathered = compileResponseHeaders(headersSection.parse(all({ propagate: { named: 'vary' } })))?.collect();
    const res = new ServerResponse({ method: 'POST' } as never);
    res.setHeader('vary', 'Origin');
    gathered?.follow(res);
    gathered?.receive('a', ['vary', 'accept-language']);
    gathered?.receive('b', ['vary', 'x-tenant, Accept-Language']);
    expect(res.getHeader('vary')).toBe('origin, accept-language, x-tenant');
  });

  it.each([
    ['first', '1'],
    ['last', '3'],
    ['append', '1, 2, 3'],
  ] as const)('of several operations in one response: %s, and all cookies', (algorithm, value) => {
    const rules: Rules = [{ propagate: { named: 'x-region', algorithm } }, { propagate: { named: 'set-cookie' } }];
    const compiled = compileResponseHeaders(headersSection.parse(all(...rules)));
    const [first, second] = [compiled?.collect(), compiled?.collect()];
    first?.receive('a', ['x-region', '1', 'set-cookie', 'a=1']);
    first?.receive('b', ['x-region', algorithm === 'append' ? '2' : '1']);
    second?.receive('a', ['x-region', '3', 'set-cookie', 'a=2', 'set-cookie', 'b=3']);
    const whole = first?.copy();
    if (second) whole?.add(second);
    const headersOf = (gathered: typeof first) => {
      const res = new ServerResponse({ method: 'POST' } as never);
      gathered?.writeTo(res);
      return { ...res.getHeaders() };
    };
    expect(headersOf(whole)).toEqual({ 'x-region': value, 'set-cookie': ['a=1', 'a=2', 'b=3'] });
    expect(headersOf(first)['set-cookie']).toEqual(['a=1']);
  });

  it('are chosen for one subgraph by rules of its own, after those for all', () => {
    const settings: Settings = {
      all: { response: [{ propagate: { named: 'x-region' } }] },
      subgraphs: { b: { response: [{ remove: { named: 'x-region' } }, { insert: { name: 'x-by', value: 'b' } }] } },
    };
    expect(got(settings, ['a', 'x-region', 'eu'], ['b', 'x-region', 'us'])).toEqual({ 'x-region': 'eu', 'x-by': 'b' });
  });
});

it('whether cookies go on decides whether answers are shared', () => {
  const passes = (...rules: Rules) => compileResponseHeaders(headersSection.parse(all(...rules)))?.passesCookies;
  expect(passes({ propagate: { named: 'x-a' } })).toBe(false);
  expect(passes({ propagate: { named: 'Set-Cookie' } })).toBe(true);
  expect(passes({ propagate: { matching: 'cookie' } })).toBe(true);
  expect(passes({ propagate: { named: 'x-cookie', rename: 'set-cookie' } })).toBe(true);
  expect(passes({ propagate: { named: 'set-cookie', rename: 'x-cookie' } })).toBe(true);
  expect(passes({ insert: { name: 'set-cookie', value: 'a=1' } })).toBe(true);
  expect(passes()).toBeUndefined();
});
