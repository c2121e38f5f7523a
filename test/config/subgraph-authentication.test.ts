import { describe, expect, it } from 'vitest';
import { signatureOf, subgraphAuthenticationSection } from '../../src/config/sections/subgraph-authentication.ts';

const KEY = 'a secret of at least thirty-two bytes';
const read = (section: object) => subgraphAuthenticationSection.safeParse(section);
const mistakes = (signature: object) =>
  read({ all: { http_message_signature: signature } }).error?.issues.map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  );

describe('authentication.subgraph', () => {
  it('signs what identifies a request, its body and its type, unless components are named', () => {
    const { data } = read({ all: { http_message_signature: { key: KEY } } });
    const { settings } = signatureOf(data, 'products') ?? {};
    expect(settings?.components).toEqual([
      '@method',
      '@authority',
      '@path',
      '@query',
      'content-type',
      'content-digest',
    ]);
  });

  it('has the settings of a subgraph over those of all; false is off', () => {
    const { data } = read({
      all: { http_message_signature: { key: KEY } },
      subgraphs: { stock: { http_message_signature: false }, reviews: { http_message_signature: { key: `${KEY}!` } } },
    });
    expect(signatureOf(data, 'products')?.key).toBe('authentication.subgraph.all.http_message_signature');
    expect(signatureOf(data, 'stock')).toBeUndefined();
    expect(signatureOf(data, 'reviews')).toMatchObject({
      key: 'authentication.subgraph.subgraphs.reviews.http_message_signature',
      settings: { key: `${KEY}!` },
    });
    expect(signatureOf(undefined, 'products')).toBeUndefined();
  });

  it.each([
    [{}, 'expected either `key` or `key_file`'],
    [{ key: KEY, key_file: 'file' }, 'expected either `key` or `key_file`'],
    [{ key: KEY, key_id: 'é' }, 'expected printable ASCII text'],
    [{ key: KEY, components: ['@status'] }, 'expected the name of a header, "@method", "@target-uri"'],
    [{ key: KEY, components: ['signature'] }, 'cannot be signed: it has the signature'],
    [{ key: KEY, components: ['@path', '@path'] }, 'expected each component once'],
    [{ key: KEY, components: [] }, ''],
  ])('refuses %j', (signature, message) => {
    const [first, ...more] = mistakes(signature) ?? [];
    expect(first).toContain(message);
    expect(first).toContain('all.http_message_signature');
    expect(more).toEqual([]);
  });
});
