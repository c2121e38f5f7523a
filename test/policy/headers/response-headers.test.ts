import { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { headersSection } from '../../../src/config/sections/headers.ts';
import { compileResponseHeaders } from '../../../src/policy/headers/response-headers.ts';

type Settings = z.input<typeof headersSection>;
type Rules = NonNullable<NonNullable<Settings['all']>['response']>;

/** What a client gets when subgraphs answer with these headers, one after the other. */
function got(settings: Settings, ...answers: [subgraph: string, ...pairs: string[]][]) {
  const gathered = compileResponseHeaders(headersSection.parse(settings))?.gather();
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
  expect(passes()).toBeUndefined();
});
