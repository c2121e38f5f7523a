import { describe, expect, it } from 'vitest';
import { subgraphsSection } from '../../src/config/sections/subgraphs.ts';

const two = [{ url: 'http://a.test/graphql' }, { url: 'http://b.test/graphql' }];

/** The problems of the settings of one subgraph: `KEY: MESSAGE`. */
function problems(stock: object): string[] {
  const { error } = subgraphsSection.safeParse({ stock });
  return (error?.issues ?? []).map(({ path, message }) => `${path.slice(1).join('.')}: ${message}`);
}

describe('the URLs of a subgraph', () => {
  it('have weight 1 and priority 0', () => {
    const { stock } = subgraphsSection.parse({ stock: { urls: two } });
    expect(stock?.urls).toEqual(two.map(({ url }) => ({ url, weight: 1, priority: 0 })));
  });

  it.each<[string, object, string]>([
    ['`url` and `urls`', { url: two[0]?.url, urls: two }, 'urls: cannot be used together with `url`'],
    ['a URL twice', { urls: [two[0], two[0]] }, 'urls.1.url: is listed twice; use `weight` instead'],
    [
      'another protocol',
      { urls: [{ url: 'ftp://a.test/' }] },
      'urls.0.url: expected an http://, https:// or unix:// URL',
    ],
    ['a weight of 0', { urls: [{ ...two[0], weight: 0 }] }, 'urls.0.weight: Too small: expected number to be >0'],
    [
      'balancing of one URL',
      { urls: [two[0]], load_balancing: {} },
      'load_balancing: has no effect without several `urls`',
    ],
    [
      'outlier detection of one URL',
      { outlier_detection: {} },
      'outlier_detection: has no effect without several `urls`',
    ],
    ['health checks of one URL', { health_check: {} }, 'health_check: has no effect without several `urls`'],
    [
      'consistent hashing by nothing',
      { urls: two, load_balancing: { policy: 'consistent_hash' } },
      'load_balancing.hash_by: is needed with `policy: consistent_hash`',
    ],
    [
      'a hash that no policy uses',
      { urls: two, load_balancing: { hash_by: 'user' } },
      'load_balancing.hash_by: has no effect with `policy: round_robin`',
    ],
    [
      'a hash by something unknown',
      { urls: two, load_balancing: { policy: 'consistent_hash', hash_by: 'arg:id' } },
      'load_balancing.hash_by: expected "client", "user", "ip", "header:NAME", "claim:NAME" or "cookie:NAME"',
    ],
    [
      'a share that is none',
      { urls: two, outlier_detection: { max_ejected: '120%' } },
      'outlier_detection.max_ejected: expected a share such as "5%" or "0.5%", up to "100%"',
    ],
  ])('refuse %s', (_, settings, message) => {
    expect(problems(settings)).toEqual([message]);
  });
});

describe('the variants of a subgraph', () => {
  const one = { name: 'next', urls: [two[0]] };

  it.each<[string, object[], string]>([
    ['no condition', [one], 'variants.0.weight: is needed, or `match`: otherwise no request goes to the variant'],
    [
      'a name twice',
      [
        { ...one, weight: '5%' },
        { ...one, weight: '5%' },
      ],
      'variants.1.name: is used already',
    ],
    [
      'more than all users',
      [
        { ...one, weight: '60%' },
        { ...one, name: 'other', weight: '50%' },
      ],
      'variants.1.weight: makes the sum of all weights more than 100%',
    ],
    [
      'what no request reaches',
      [
        { ...one, weight: '100%' },
        { ...one, name: 'other', match: { header: { name: 'x-beta' } } },
      ],
      'variants.1.match: gets no request: the variants before it have all of them; move it before them',
    ],
    ['an empty condition', [{ ...one, match: {} }], 'variants.0.match: expected `header`, `cookie` or `claim`'],
  ])('refuse %s', (_, variants, message) => {
    expect(problems({ variants })).toEqual([message]);
  });
});
