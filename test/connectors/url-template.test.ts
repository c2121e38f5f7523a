import { expect, test } from 'vitest';
import { expandQuery, expandSegments, parseUrlTemplate } from '../../src/connectors/url-template.ts';

function url(template: string, args: Record<string, unknown>): string {
  const { origin = '', segments, query } = parseUrlTemplate(template);
  const variables = { $args: args };
  const pairs = expandQuery(query, variables);
  return `${origin}/${expandSegments(segments, variables).join('/')}${pairs.length > 0 ? `?${pairs.join('&')}` : ''}`;
}

test.each([
  ['/users/{$args.id}', { id: 'a/b c?d' }, '/users/a%2Fb%20c%3Fd'],
  ['/users/{$args.id}', { id: 'Zoë 😀' }, '/users/Zo%C3%AB%20%F0%9F%98%80'],
  ['/users/{$args.id}', { id: '100%&=+#' }, '/users/100%25%26%3D%2B%23'],
  ['/users/{$args.id}', { id: 12 }, '/users/12'],
  ['/users/{$args.id}', { id: '\ud800' }, '/users/%EF%BF%BD'],
  ['/a-{$args.x}.{$args.y}/z', { x: 1, y: 'b' }, '/a-1.b/z'],
  ['/find?q={$args.q}&x=1', { q: 'a&b=c d' }, '/find?q=a%26b%3Dc%20d&x=1'],
  ['/find?q={$args.q}&x={$args.x}', { q: null }, '/find'],
  ['/find?q=a{$args.q}', {}, '/find?q=a'],
  ['/find?{$args.name}={$args.value}', { name: 'a b', value: true }, '/find?a%20b=true'],
  ['/list/?ids={$args.ids->joinNotNull(",")}', { ids: [1, 2] }, '/list/?ids=1%2C2'],
  ['/über/{$args.id}', { id: 1 }, '/%C3%BCber/1'],
  ['/a%20b/{$args.id}', { id: 1 }, '/a%20b/1'],
  ['https://api.test/v1/{$args.id}', { id: 1 }, 'https://api.test/v1/1'],
  ['\n  https://api.test\n  /v1/{$args.id}\n  ?a=1\n', { id: 1 }, 'https://api.test/v1/1?a=1'],
  ['/x/{"a}b"->slice(0, 3)}', {}, '/x/a%7Db'],
  ['', {}, '/'],
])('%s with %j', (template, args, expected) => {
  expect(url(template, args)).toBe(expected);
});

test.each([
  [{ id: '' }, '{$args.id} is empty, which cannot be a path segment'],
  [{ id: null }, '{$args.id} is empty, which cannot be a path segment'],
  [{ id: '..' }, '{$args.id} is "..", which cannot be a path segment'],
  [{ id: '.' }, '{$args.id} is ".", which cannot be a path segment'],
  [{ id: { a: 1 } }, '{$args.id} is an object: expected a string, number or boolean'],
  [{ id: [1] }, '{$args.id} is an array: expected a string, number or boolean'],
])('an id of %j would make another path', (args, message) => {
  expect(() => url('/users/{$args.id}/posts', args)).toThrow(message);
});

test.each([
  ['/users/{$args.a}{$args.b}', { a: '.', b: '.' }, '{$args.a}{$args.b} is ".."'],
  ['/users/{$args.a}{$args.b}', { a: '', b: '.' }, '{$args.a}{$args.b} is "."'],
  ['/users/.{$args.a}', { a: '.' }, '{$args.a} is ".."'],
  ['/users/%2e{$args.a}', { a: '.' }, '{$args.a} is "%2e."'],
  ['/users/{$args.a}', { a: '%2e%2e' }, '{$args.a} is "%252e%252e"'],
  ['/users/{$args.a}', { a: '%2E.' }, '{$args.a} is'],
  ['/users/{$args.a}', { a: '%25252e.' }, '{$args.a} is'],
  ['/users/{$args.a}', { a: '%%32%65.' }, '{$args.a} is'],
  ['/users/{$args.a}', { a: '../admin' }, '{$args.a} is "..%2Fadmin"'],
  ['/users/{$args.a}', { a: 'x/..' }, '{$args.a} is "x%2F.."'],
  ['/users/{$args.a}', { a: 'x/../../admin' }, '{$args.a} is'],
  ['/users/{$args.a}', { a: '..\\admin' }, '{$args.a} is "..%5Cadmin"'],
  ['/users/{$args.a}', { a: '..%2fadmin' }, '{$args.a} is'],
  ['/users/{$args.a}', { a: '..%5cadmin' }, '{$args.a} is'],
  ['/users/{$args.a}', { a: '..;x=1' }, '{$args.a} is "..%3Bx%3D1"'],
  ['/users/{$args.a}', { a: '..?x=1' }, '{$args.a} is "..%3Fx%3D1"'],
  ['/users/{$args.a}', { a: '..%23' }, '{$args.a} is'],
  ['/users/{$args.a}', { a: 'x/..#' }, '{$args.a} is'],
  ['/users/{$args.a}', { a: '..\u0000' }, '{$args.a} is "..%00"'],
  ['/users/{$args.a}', { a: ' .. ' }, '{$args.a} is'],
  ['/users/{$args.a}', { a: '/' }, '{$args.a} is "%2F"'],
  ['/users/{$args.a}', { a: '\\/' }, '{$args.a} is'],
  ['https://api.test/v1/{$args.a}/x', { a: '..' }, '{$args.a} is ".."'],
])('in %s, %j would lead elsewhere', (template, args, message) => {
  expect(() => url(template, args)).toThrow(message);
});

test.each(['...', '..a', 'a..b', '1.0', 'a/b.c', 'gid://shop/Product/1', '.well-known', '%', '50%', 'a%2fb', '/x'])(
  'in a path %j leads nowhere else',
  (a) => {
    expect(url('/users/{$args.a}', { a })).toBe(`/users/${encodeURIComponent(a)}`);
  },
);

test.each(['..', '%2e%2e', '../x', '/', ''])('in a query %j is a value as others are', (a) => {
  expect(url('/users?of={$args.a}', { a })).toBe(`/users?of=${encodeURIComponent(a)}`);
});

test('a long value is read in linear time, and only its beginning is shown', () => {
  const a = `%${'25'.repeat(100_000)}2e.`;
  expect(() => url('/users/{$args.a}', { a })).toThrow(/^\{\$args\.a\} is ".{100}…", which cannot be a path segment$/);
});

test.each([
  ['/users/{$args.id', 'Expected "}" at the end of the expression.'],
  ['/users/{}', 'Expected a name, found "}".'],
  ['ftp://host/x', 'This is not an http:// or https:// URL with a host.'],
  ['https://{$args.host}/x', 'This is not an http:// or https:// URL with a host.'],
])('%s is no template', (template, message) => {
  expect(() => parseUrlTemplate(template)).toThrow(message);
});
